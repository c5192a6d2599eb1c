import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { LinkedAbort } from "../../src/core/linked-abort.js";
import { packageRoot } from "../../src/core/package-root.js";

test("it aborts with whichever parent aborts first, with its reason, or by itself", () => {
  const [a, b] = [new AbortController(), new AbortController()];
  const linked = new LinkedAbort(a.signal, b.signal);
  const alone = new LinkedAbort(a.signal);
  b.abort("b");
  a.abort("a");
  assert.deepEqual([linked.signal.reason, alone.signal.reason], ["b", "a"]);
  const late = new LinkedAbort(new AbortController().signal, b.signal);
  assert.deepEqual([late.signal.aborted, late.signal.reason], [true, "b"]);
  const own = new LinkedAbort(new AbortController().signal);
  own.abort("own");
  assert.equal(own.signal.reason, "own");
});

test("a parent that outlives thousands of them holds none", () => {
  const parent = new AbortController();
  for (let i = 0; i < 5000; i++) {
    using linked = new LinkedAbort(parent.signal);
    linked.signal.addEventListener("abort", () => assert.fail("it was let go of"));
  }
  assert.equal(getEventListeners(parent.signal, "abort").length, 0);
  parent.abort();
});

test("AbortSignal.any, which leaks, is called nowhere", () => {
  const folder = join(packageRoot(), "src");
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
  assert.ok(files.length > 100);
  const callers = files.filter((name) => readFileSync(join(folder, name), "utf8").includes("AbortSignal.any("));
  assert.deepEqual(callers, []);
});
