import assert from "node:assert/strict";
import { test } from "node:test";
import { LoadTime } from "../../src/engine/load-time.js";

test("a model's first load is guessed from its size, the next ones from those before", () => {
  const clock = { nowMs: 0 };
  const small = new LoadTime({ bytes: 10e6 }, () => clock.nowMs);
  const large = new LoadTime({ bytes: 3e9 }, () => clock.nowMs);
  assert.ok(small.leftMs < 1000 && large.leftMs > 5 * small.leftMs, `${small.leftMs}, ${large.leftMs}`);
  for (let load = 0; load < 10; load++) {
    large.began();
    clock.nowMs += 4000;
    large.ended(true);
  }
  assert.ok(Math.abs(large.leftMs - 4000) < 100, `${large.leftMs}`);
  large.began();
  clock.nowMs += 3000;
  assert.ok(Math.abs(large.leftMs - 1000) < 100, "what is left of the one under way");
  clock.nowMs += 7000;
  assert.equal(large.leftMs, 1000, "it is late, and may take longer still");
  large.ended(false);
  assert.ok(Math.abs(large.leftMs - 4000) < 100, "one that failed says nothing of the time");
});
