import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { packageRoot } from "../../src/core/package-root.js";
import { nativeFolder } from "../../src/engine/addon.js";
import { chooseCpu } from "../../src/engine/cpu-choice.js";
import { cpuModules } from "../../src/engine/modules.js";

/** What hangs hangs for good; what does not may take a while on a busy machine. */
const HANGING_MS = 3000;
const ILLNESSES = ["dies-loading", "hangs-loading", "dies-computing", "hangs-computing", "wrong"];

const folder = mkdtempSync(join(tmpdir(), "sotto-ill-"));
const library = (name: string) =>
  join(folder, `libggml-cpu-${name}${process.platform === "darwin" ? ".dylib" : ".so"}`);
after(() => rmSync(folder, { recursive: true, force: true }));

before(() => {
  const ggml = join(packageRoot(), "node_modules/nodejs-whisper/cpp/whisper.cpp/ggml");
  const plainest = cpuModules().find(({ name }) => /^(x64|armv8\.0_1|apple_m1)$/.test(name));
  assert.ok(plainest);
  for (const name of readdirSync(nativeFolder()).filter((file) => file.startsWith("libggml-base"))) {
    symlinkSync(join(nativeFolder(), name), join(folder, name));
  }
  for (const [index, name] of ILLNESSES.entries()) {
    execFileSync(process.env.CXX ?? "c++", [
      ...["-shared", "-fPIC", "-std=c++17", `-DILLNESS=${index + 1}`, `-DREAL_VARIANT="${plainest.path}"`],
      ...["-DGGML_BACKEND_DL", `-I${join(ggml, "include")}`, `-I${join(ggml, "src")}`],
      join(packageRoot(), "test/native/ill/ill-cpu-variant.cpp"),
      ...["-o", library(name), `-L${folder}`, "-lggml-base", "-ldl"],
    ]);
  }
  writeFileSync(library("no-library"), "this is text");
});

test("variants that die, hang or lie are passed over, each with its reason, and the best well one is chosen", async () => {
  const well = cpuModules();
  const ill = cpuModules(folder);
  assert.equal(ill.length, ILLNESSES.length + 1);
  const hangs = ill.filter(({ name }) => name.startsWith("hangs"));
  const { chosen, variants } = await chooseCpu([...ill.filter((module) => !hangs.includes(module)), ...well]);
  const expected = (await chooseCpu(well)).chosen;
  assert.ok(chosen && expected);
  assert.equal(chosen.path, expected.path);
  variants.push(...(await chooseCpu(hangs, HANGING_MS)).variants);

  const reasonOf = (name: string) => {
    const verdict = variants.find((variant) => variant.name === name)?.verdict;
    return verdict?.state === "rejected" ? verdict.reason : `${name} is ${verdict?.state}`;
  };
  assert.match(reasonOf("dies-loading"), /died \(SIG(ILL|TRAP)\)/);
  assert.match(reasonOf("dies-computing"), /died \(SIG(ILL|TRAP)\)/);
  assert.match(reasonOf("hangs-loading"), /hung for 3 s/);
  assert.match(reasonOf("hangs-computing"), /hung for 3 s/);
  assert.match(reasonOf("wrong"), /wrong results: wide f16 products .* are off by [\d.]+ %/);
  assert.match(reasonOf("no-library"), /invalid ELF header|not a mach-o|file too short/i);
});

test("where every variant is ill none is chosen, and nothing is taken for well", async () => {
  const ill = cpuModules(folder).filter(({ name }) => !name.startsWith("hangs"));
  const { chosen, variants } = await chooseCpu(ill);
  assert.equal(chosen, undefined);
  assert.ok(variants.every(({ verdict }) => verdict.state === "rejected"));
});

test("variants for another processor are not tried", async () => {
  const modules = cpuModules();
  const { variants } = await chooseCpu(modules);
  assert.deepEqual(
    new Set(variants.map(({ path }) => basename(path))),
    new Set(modules.map(({ path }) => basename(path))),
  );
  for (const { score, verdict } of variants) if (score === 0) assert.equal(verdict.state, "unsupported");
});

test("a probe that hangs ends with the server that began it", {
  skip: process.platform !== "linux" && "no /proc",
}, async () => {
  const modules = [{ name: "hangs", path: library("hangs-computing") }];
  const program = join(folder, "server.mjs");
  const chooser = JSON.stringify(new URL("../../src/engine/cpu-choice.js", import.meta.url));
  writeFileSync(program, `import { chooseCpu } from ${chooser}; await chooseCpu(${JSON.stringify(modules)});`);
  const server = spawn(process.execPath, [program], { stdio: "ignore" });
  const probes = () =>
    readdirSync("/proc").filter((pid) => {
      const command = of(pid, "cmdline");
      return command.includes("probe-child.js") && command.includes('"compute"') && command.includes(folder);
    });
  const hanging = () => probes().some((pid) => of(pid, "maps").includes("libggml-cpu-hangs-computing"));
  while (server.exitCode === null && !hanging()) await sleep(100);
  assert.equal(server.exitCode, null, "the probe is under way");
  server.kill("SIGKILL");
  await once(server, "exit");
  for (let waitedMs = 0; probes().length > 0 && waitedMs < 10_000; waitedMs += 100) await sleep(100);
  const left = probes();
  for (const pid of left) process.kill(Number(pid), "SIGKILL");
  assert.deepEqual(left, []);
});

/** One of a process's files under /proc; empty when it has ended. */
function of(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}
