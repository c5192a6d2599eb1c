import assert from "node:assert/strict";
import { test } from "node:test";
import { canMakeWay } from "../../src/media/making-way.js";

const HOUR_MS = 3_600_000;

test("ffmpeg makes way as soon as a tenth of its speed is enough for its windows, and not before", () => {
  // An hour of audio in 4 s: a tenth of that is 40 s.
  const half = { tookMs: 2000, decodedMs: HOUR_MS / 2, totalMs: HOUR_MS };
  assert.equal(canMakeWay(half, 25_000), true);
  assert.equal(canMakeWay(half, 15_000), false);
  assert.equal(
    canMakeWay({ ...half, tookMs: 3600, decodedMs: 0.9 * HOUR_MS }, 5000),
    true,
    "the less is left the sooner",
  );
  assert.equal(canMakeWay({ ...half, decodedMs: 0 }, 1e9), false, "nothing is known yet");
  assert.equal(canMakeWay({ ...half, decodedMs: HOUR_MS }, 1e9), false, "it is longer than was thought");
});
