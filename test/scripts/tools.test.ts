import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { bareCheckout, setupModule, temporaryFolder } from "./checkout.js";

interface Tool {
  what: string;
  programs: string[];
  minimum?: string;
  remedy: string;
}

const { missingTools } = await setupModule<{ missingTools(tools: Tool[], env: NodeJS.ProcessEnv): string[] }>("tools");
const { isInRange } = await setupModule<{ isInRange(version: string, range: string): boolean }>("version");

test("all missing tools are named at once, before anything is installed", (t) => {
  const checkout = bareCheckout(t);
  const empty = temporaryFolder(t);
  const asked = spawnSync(process.execPath, [join(checkout, "scripts/start.mjs")], {
    env: { PATH: empty, CARGO_HOME: empty },
    encoding: "utf8",
  });
  assert.equal(asked.status, 1);
  assert.equal(asked.stdout, "");
  const lines = asked.stderr.trim().split("\n");
  assert.equal(lines.length, 8, asked.stderr);
  const tools = [
    "npm",
    "a C compiler",
    "a C++ compiler",
    "cmake 3.18 or newer",
    "make or ninja",
    "cargo 1.88 or newer",
  ];
  for (const [index, what] of tools.entries()) {
    assert.match(lines[index + 1] ?? "", new RegExp(`^  ${what.replaceAll("+", "\\+")} .*: \\S+`));
  }
  assert.equal(lines.at(-1), "Then run this again.");
});

test("a tool that is too old is named with the version found, a new enough one is not named", (t) => {
  const folder = temporaryFolder(t);
  const cargo = (minimum: string) => ({ what: "cargo", programs: ["cargo"], minimum, remedy: "https://rustup.rs" });
  const env = { PATH: folder, CARGO_HOME: join(folder, "none") };
  writeFileSync(join(folder, "cargo"), "#!/bin/sh\necho 'cargo 1.63.0 (fd9c4297c 2022-07-01)'\n", { mode: 0o755 });
  assert.deepEqual(missingTools([cargo("1.88")], env), ["  cargo 1.88 or newer (found 1.63.0): https://rustup.rs"]);
  assert.deepEqual(missingTools([cargo("1.63")], env), []);
});

test("a cargo outside PATH, where rustup puts it, is found", (t) => {
  const home = temporaryFolder(t);
  const tool = { what: "cargo", programs: ["cargo"], remedy: "https://rustup.rs" };
  const env = { PATH: "", CARGO_HOME: home };
  assert.equal(missingTools([tool], env).length, 1);
  mkdirSync(join(home, "bin"));
  writeFileSync(join(home, "bin/cargo"), "#!/bin/sh\n", { mode: 0o755 });
  assert.deepEqual(missingTools([tool], env), []);
});

test("Node's version is held against the ranges in package.json", () => {
  const range = "^20.17.0 || ^22.13.0 || >=23.5.0";
  for (const good of ["v20.17.0", "v20.20.2", "v22.13.1", "v23.5.0", "v26.1.0"])
    assert.ok(isInRange(good, range), good);
  for (const bad of ["v18.20.0", "v20.16.9", "v21.7.0", "v22.12.0", "v23.4.0"]) assert.ok(!isInRange(bad, range), bad);
});
