import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { nativeFolder } from "../../src/engine/addon.js";
import { chooseBackend } from "../../src/engine/backend.js";
import { RememberedChoice } from "../../src/engine/remembered-choice.js";

const home = mkdtempSync(join(tmpdir(), "sotto-choice-"));
after(() => rmSync(home, { recursive: true, force: true }));
const never = (line: string) => assert.fail(line);

test("what was found is remembered, so that a second start tries nothing", async () => {
  const options = { device: "cpu", cpuVariant: "auto", home } as const;
  const first = await chooseBackend(options, never);
  const path = join(home, "engine", "backend.json");
  const remembered = JSON.parse(readFileSync(path, "utf8"));
  // A name that no probe would give: it can only come from the file.
  remembered[0].choice.backend.cpuVariant = "remembered";
  writeFileSync(path, JSON.stringify(remembered));
  assert.equal((await chooseBackend(options, never)).cpuVariant, "remembered");
  assert.equal((await chooseBackend({ ...options, cpuVariant: first.cpuVariant }, never)).cpuVariant, first.cpuVariant);
});

test("another binary, other options and a file cut in the middle are no memory", async () => {
  const folder = mkdtempSync(join(tmpdir(), "sotto-binaries-"));
  for (const name of readdirSync(nativeFolder())) copyFileSync(join(nativeFolder(), name), join(folder, name));
  const choice = (options: unknown) => new RememberedChoice<string>(home, options, folder);
  await choice("a").write("found");
  assert.equal(choice("a").read(), "found");
  assert.equal(choice("b").read(), undefined);
  await choice("b").write("found for b");
  assert.deepEqual([choice("a").read(), choice("b").read()], ["found", "found for b"], "both sets of options are kept");
  await choice("b").write("found while the machine was busy", -1);
  assert.equal(choice("b").read(), undefined, "what was kept for a while only is no memory after it");
  const text = readFileSync(choice("a").path, "utf8");
  writeFileSync(choice("a").path, text.slice(0, text.length / 2));
  assert.equal(choice("a").read(), undefined);
  writeFileSync(choice("a").path, text);
  assert.equal(choice("a").read(), "found");
  utimesSync(join(folder, readdirSync(folder)[0] as string), new Date(), new Date(0));
  assert.equal(choice("a").read(), undefined);
  rmSync(folder, { recursive: true, force: true });
});

test("a variant that is not built is refused with those that are", async () => {
  await assert.rejects(
    chooseBackend({ device: "cpu", cpuVariant: "z80", home }, never),
    /expected --cpu-variant auto or one of those built here \(.*\), but received 'z80'/,
  );
});

test("a GPU that was asked for and is not there costs one warning, also when that is remembered", async () => {
  const lines: string[] = [];
  const options = { device: "metal", cpuVariant: "auto", home } as const;
  if (process.platform === "darwin") return;
  for (let start = 0; start < 2; start++) {
    const backend = await chooseBackend(options, (line) => lines.push(line));
    assert.equal(backend.device, undefined);
  }
  assert.equal(lines.length, 2);
  assert.match(lines[1] ?? "", /the CPU is used, since --device metal cannot be: its module is not built/);
});
