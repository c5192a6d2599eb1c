import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { packageRoot } from "../../src/core/package-root.js";

test("docs/errors.md, docs/options.md and docs/fields.md say what the code says", () => {
  const check = spawnSync(process.execPath, [join(packageRoot(), "scripts", "write-reference.mjs"), "--check"], {
    encoding: "utf8",
  });
  assert.equal(check.status, 0, check.stderr);
});
