import assert from "node:assert/strict";
import { test } from "node:test";
import { Restarts } from "../../src/engine/restarts.js";

test("an engine that keeps ending is started ever later, up to ten seconds, and at once after a served window", () => {
  let nowMs = 0;
  const restarts = new Restarts(() => nowMs);
  assert.equal(restarts.delayMs, 0);
  const delays: number[] = [];
  for (let i = 0; i < 12; i++) {
    restarts.endedInVain();
    delays.push(restarts.delayMs);
    nowMs += restarts.delayMs;
    assert.equal(restarts.delayMs, 0);
  }
  assert.equal(delays[0], 0);
  assert.deepEqual(
    [...delays].sort((a, b) => a - b),
    delays,
  );
  assert.equal(delays.at(-1), 10_000);
  restarts.served();
  restarts.endedInVain();
  assert.equal(restarts.delayMs, 0);
});
