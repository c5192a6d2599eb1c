import assert from "node:assert/strict";
import type { Buffer } from "node:buffer";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir } from "node:fs/promises";
import { test } from "node:test";
import { SottoError } from "../../src/core/errors.js";
import { answerStatus, type HubAnswer, type ModelHub } from "./model-hub.js";
import { FILE, setUpPull } from "./pull-setup.js";

test("a model that cannot fit is refused before it fills the disk", async (context) => {
  const { hub, folder, pull } = await setUpPull(context);
  hub.special.push(answerStatus(200, { "content-length": String(2 ** 52) }));
  await assert.rejects(pull(), (error: unknown) => error instanceof SottoError && error.code === "storage_full");
  assert.ok(!(await readdir(folder)).includes(FILE));
});

test("a disk that fills up half-way is told, and nothing half-written stays", async (context) => {
  const { hub, folder } = await setUpPull(context);
  await mkdir(folder);
  const module = new URL("../../src/catalog/pull.js", import.meta.url).href;
  const program = `const { readdirSync } = await import("node:fs");
    const { pullModel } = await import(${JSON.stringify(module)});
    const code = await pullModel(${JSON.stringify({ id: "mine", folder, source: hub.url })}).catch((error) => error.code);
    console.log(code, readdirSync(${JSON.stringify(folder)}).length);`;
  const mount = `mount -t tmpfs -o size=200k none ${folder} && exec "$0" --input-type=module -e "$1"`;
  // Without a length nobody can know beforehand that it will not fit.
  hub.special.push(unannounced(hub));
  const child = spawn("unshare", [
    "--user",
    "--map-root-user",
    "--mount",
    "sh",
    "-c",
    mount,
    process.execPath,
    program,
  ]);
  let output = "";
  let complaint = "";
  child.stdout?.on("data", (chunk) => {
    output += chunk;
  });
  child.stderr?.on("data", (chunk) => {
    complaint += chunk;
  });
  const failed = once(child, "error").then(() => "unshare is not there");
  await Promise.race([once(child, "close"), failed]);
  if (output === "") {
    context.skip(`this machine lets nobody mount a small disk: ${complaint.trim()}`);
    return;
  }
  assert.equal(output.trim(), "storage_full 0");
});

function unannounced(hub: ModelHub): HubAnswer {
  return (request, response) => {
    response.writeHead(200);
    response.write((hub.files.get(String(request.url)) as Buffer).subarray(0, 1000));
    response.end((hub.files.get(String(request.url)) as Buffer).subarray(1000));
  };
}
