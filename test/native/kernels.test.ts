import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { packageRoot } from "../../src/core/package-root.js";

const hasCmake = spawnSync("cmake", ["--version"]).status === 0;

/** Without the sanitizers, which take minutes to compile: `npm run test:kernels`. */
test("our own kernels agree with plain loops, alone and as a whole model", { skip: !hasCmake && "no cmake" }, () => {
  const script = join(packageRoot(), "scripts/kernels.mjs");
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, "test", "--release"], { encoding: "utf8" });
  assert.equal(status, 0, `${stdout}\n${stderr}`);
});
