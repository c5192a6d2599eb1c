import assert from "node:assert/strict";
import { test } from "node:test";
import { SottoError } from "../../src/core/errors.js";
import { Admission } from "../../src/schedule/admission.js";

const isFull = (error: unknown) => error instanceof SottoError && error.code === "queue_full";

test("as many are let in as can work and wait, and one more is told when to come back", () => {
  const admission = new Admission(2, 3);
  for (let i = 0; i < 5; i++) admission.enter();
  assert.throws(
    () => admission.enter(),
    (error: unknown) => isFull(error) && (error as SottoError).retryAfterSec === 2,
  );
});

test("without a queue a free slot is still given out", () => {
  const admission = new Admission(1, 0);
  const place = admission.enter();
  assert.throws(() => admission.enter(), isFull);
  place.leave();
  place.leave();
  admission.enter();
  assert.equal(admission.inside, 1);
});

test("Retry-After follows the measured time of a request", () => {
  let now = 0;
  const admission = new Admission(1, 0, () => now);
  for (let i = 0; i < 40; i++) {
    const place = admission.enter();
    now += 30_000;
    place.leave();
  }
  admission.enter();
  assert.throws(
    () => admission.enter(),
    (error: unknown) => isFull(error) && Math.abs(((error as SottoError).retryAfterSec ?? 0) - 30) <= 1,
  );
});
