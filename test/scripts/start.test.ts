import assert from "node:assert/strict";
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type TestContext, test } from "node:test";
import { bareCheckout, setupModule, writeFiles } from "./checkout.js";

const SERVER = `
process.on("SIGTERM", () => { console.log("SIGTERM"); process.exit(7); });
process.on("SIGHUP", () => console.log("SIGHUP"));
console.log(JSON.stringify(process.argv.slice(2)));
setInterval(() => {}, 1000);
`;

/** A checkout in which everything is done, with a stand-in for the server. */
async function readyCheckout(t: TestContext): Promise<string> {
  const checkout = bareCheckout(t);
  writeFiles(checkout, {
    "package-lock.json": '{"packages":{}}',
    "node_modules/.package-lock.json": '{"packages":{}}',
    "native/dist/sotto.here.node": "",
    "src/main.ts": "",
    "dist/main.js": SERVER,
  });
  const addon = await setupModule<{ describeAddon(): object }>("addon-stamp", checkout);
  writeFileSync(join(checkout, "native/dist/BUILD.json"), JSON.stringify(addon.describeAddon()));
  const typescript = await setupModule<{ hashInputs(): string }>("typescript", checkout);
  writeFileSync(join(checkout, "dist/.sources"), typescript.hashInputs());
  return checkout;
}

function start(checkout: string, args: string[], env: NodeJS.ProcessEnv): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, [join(checkout, "scripts/start.mjs"), ...args], { env: { ...process.env, ...env } });
}

test("a ready checkout starts the server at once, with the arguments given, and ends as it ends", async (t) => {
  const child = start(await readyCheckout(t), ["--port", "0", "--model", "a b"], { SOTTO_FFMPEG: process.execPath });
  t.after(() => child.kill("SIGKILL"));
  let errors = "";
  child.stderr.on("data", (data) => {
    errors += data;
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  assert.equal((await lines.next()).value, '["serve","--port","0","--model","a b"]', "the first line of all");
  child.kill("SIGHUP");
  assert.equal((await lines.next()).value, "SIGHUP");
  child.kill("SIGTERM");
  assert.equal((await lines.next()).value, "SIGTERM");
  assert.deepEqual(await once(child, "close"), [7, null]);
  assert.equal(errors, "");
});

test("an ffmpeg that is named and missing costs one line, and the server starts all the same", async (t) => {
  const child = start(await readyCheckout(t), ["--ffmpeg", "/nowhere/ffmpeg"], {});
  t.after(() => child.kill("SIGKILL"));
  const [errors] = await Promise.all([once(child.stderr, "data"), once(child.stdout, "data")]);
  assert.match(
    String(errors[0]),
    /^--ffmpeg names \/nowhere\/ffmpeg, which is no program here\..*decoder_missing\)\n$/,
  );
});

test("a SIGTERM to npm reaches the server, and its exit code comes back through npm", async (t) => {
  const options = { cwd: await readyCheckout(t), env: { ...process.env, SOTTO_FFMPEG: process.execPath } };
  // npm passes a signal to its own child alone: package.json must `exec` the script, or a shell stands between.
  const npm = spawn("npm", ["start", "--", "--port", "0"], options);
  t.after(() => npm.kill("SIGKILL"));
  let output = "";
  for await (const line of createInterface({ input: npm.stdout })) {
    output += `${line}\n`;
    if (line.startsWith("[")) npm.kill("SIGTERM");
  }
  assert.match(output, /^\["serve","--port","0"\]\nSIGTERM$/m);
  assert.equal(npm.exitCode ?? (await once(npm, "exit"))[0], 7);
});
