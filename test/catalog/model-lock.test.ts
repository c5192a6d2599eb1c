import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { test } from "node:test";
import { stallAfter } from "./model-hub.js";
import { FILE, MODEL, refused, setUpPull } from "./pull-setup.js";

test("two pulls at once do not write one file", async (context) => {
  const { hub, pull, path } = await setUpPull(context);
  const [first, second] = await Promise.allSettled([pull(), pull()]);
  const outcomes = [first, second].map(({ status }) => status).sort();
  assert.deepEqual(outcomes, ["fulfilled", "rejected"]);
  const rejected = [first, second].find(({ status }) => status === "rejected") as PromiseRejectedResult;
  assert.match(String(rejected.reason), new RegExp(`Process ${process.pid} is writing this model`));
  assert.equal(hub.requests.length, 1);
  assert.deepEqual(await readFile(path), MODEL);
});

test("the lock of a process that died is taken over, that of another machine is not", async (context) => {
  const { folder, pull, path } = await setUpPull(context);
  await mkdir(folder);
  const dead = spawnSync(process.execPath, ["-e", ""]).pid;
  await writeFile(`${path}.lock`, JSON.stringify({ pid: 1, host: "elsewhere", nonce: "x" }));
  await refused(pull(), /Process 1 on elsewhere is writing/);
  await writeFile(`${path}.lock`, JSON.stringify({ pid: dead, host: hostname(), nonce: "x" }));
  await pull();
  assert.deepEqual(await readdir(folder), [FILE]);
});

test("a pull that is killed leaves a part, and the next one takes over its lock and goes on", async (context) => {
  const { hub, folder, pull, path } = await setUpPull(context);
  hub.special.push(stallAfter(hub, 100_000));
  const module = new URL("../../src/catalog/pull.js", import.meta.url).href;
  const program = `const { pullModel } = await import(${JSON.stringify(module)});
    await pullModel(${JSON.stringify({ id: "mine", folder, source: hub.url })});`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program]);
  await waitFor(() => existsSync(`${path}.part.json`) && existsSync(`${path}.part`));
  child.kill("SIGKILL");
  await once(child, "exit");
  assert.ok((await readdir(folder)).includes(`${FILE}.lock`));
  await pull();
  assert.equal(hub.requests.length, 2);
  assert.deepEqual(await readFile(path), MODEL);
  assert.deepEqual(await readdir(folder), [FILE]);
});

async function waitFor(condition: () => boolean): Promise<void> {
  for (const startMs = Date.now(); !condition(); ) {
    assert.ok(Date.now() - startMs < 20_000, "waited 20 s");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
