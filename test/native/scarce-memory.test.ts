import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { MODEL_PATH } from "../support/demonstration.js";

/** Opens a model and a session, and decodes, in a process that may have only so much more memory from some point on. */
const PROGRAM = `
  import { execFileSync } from "node:child_process";
  import { readFileSync, writeSync } from "node:fs";
  // At once: a collection of garbage without memory ends the process too.
  const end = (text) => process.exit(writeSync(1, text) ? 0 : 1);
  const [addonUrl, modelPath, moreMib, limited] = process.argv.slice(1);
  const { addonWithCpu } = await import(addonUrl);
  const addon = addonWithCpu();
  addon.systemInfo();
  let modelId = limited === "session" ? addon.openModel(modelPath, "") : undefined;
  const kib = Number(/^VmSize:\\s+(\\d+)/m.exec(readFileSync("/proc/self/status", "utf8"))[1]);
  execFileSync("prlimit", ["--pid", String(process.pid), "--as=" + (kib * 1024 + moreMib * 1024 ** 2)]);
  try {
    modelId ??= addon.openModel(modelPath, "");
    const session = addon.openSession(modelId, 1);
    const go = new Int32Array(2);
    session.setAudio(new Int16Array(16000), go);
    session.encode(0, go);
    session.detect(go);
    end("worked");
  } catch ({ code }) {
    end(code);
  }`;

const hasPrlimit = spawnSync("prlimit", ["--version"]).status === 0;

for (const limited of ["model", "session"]) {
  test(`where memory does not suffice for a ${limited}, the call fails and the process lives`, {
    skip: !hasPrlimit,
  }, () => {
    const addonUrl = new URL("../support/native-addon.js", import.meta.url).href;
    const ends = [2, 4, 8, 16, 32, 64, 128, 2000].map((moreMib) => {
      const args = ["--input-type=module", "-e", PROGRAM, addonUrl, MODEL_PATH, String(moreMib), limited];
      const { stdout, signal, status } = spawnSync(process.execPath, args, { encoding: "utf8" });
      assert.deepEqual([signal, status], [null, 0], `${moreMib} MiB more`);
      return stdout.trim();
    });
    assert.equal(ends[0], "out_of_memory");
    assert.equal(ends.at(-1), "worked");
    for (const end of ends) assert.match(end, /^(out_of_memory|worked)$/);
  });
}
