import assert from "node:assert/strict";
import { test } from "node:test";
import { SottoError } from "../../src/core/errors.js";
import { Admission } from "../../src/schedule/admission.js";

const isFull = (error: unknown) => error instanceof SottoError && error.code === "queue_full";

const secondsOf = (admission: Admission): number => {
  try {
    admission.enter();
  } catch (error) {
    if (isFull(error)) return (error as SottoError).retryAfterSec ?? 0;
  }
  return 0;
};

test("as many are let in as can work and wait, and one more is told when to come back", () => {
  const admission = new Admission(2, 3);
  for (let i = 0; i < 5; i++) admission.enter();
  assert.ok(secondsOf(admission) >= 1);
});

test("those that are refused are not all told to come back at once", () => {
  const admission = new Admission(1, 0, () => 0);
  admission.enter();
  const told = Array.from({ length: 10 }, () => secondsOf(admission));
  assert.deepEqual(
    told,
    [...told].sort((a, b) => a - b),
  );
  assert.equal(new Set(told).size, told.length, told.join());
  assert.ok((told[9] as number) >= 8 * (told[0] as number), told.join());
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
  const told = secondsOf(admission);
  assert.ok(told >= 30 && told <= 60, String(told));
});

test("whoever comes back when told is served, in nine of ten cases", () => {
  // One slot, ten places, requests of 1 s: a hundred come at once, those refused come back when told.
  let now = 0;
  const admission = new Admission(1, 10, () => now);
  const leaving: { atMs: number; leave: () => void }[] = [];
  const coming = Array.from({ length: 100 }, () => ({ atMs: 0, told: false }));
  let busyUntilMs = 0;
  let servedAsTold = 0;
  let refusedThoughTold = 0;
  while (coming.length + leaving.length > 0) {
    coming.sort((a, b) => a.atMs - b.atMs);
    leaving.sort((a, b) => a.atMs - b.atMs);
    const isLeaving = leaving[0] !== undefined && leaving[0].atMs <= (coming[0]?.atMs ?? Number.POSITIVE_INFINITY);
    if (isLeaving) {
      const { atMs, leave } = leaving.shift() as (typeof leaving)[number];
      now = atMs;
      leave();
      continue;
    }
    const client = coming.shift() as (typeof coming)[number];
    now = client.atMs;
    try {
      const place = admission.enter();
      busyUntilMs = Math.max(busyUntilMs, now) + 1000;
      leaving.push({ atMs: busyUntilMs, leave: () => place.leave() });
      if (client.told) servedAsTold++;
    } catch (error) {
      if (client.told) refusedThoughTold++;
      coming.push({ atMs: now + ((error as SottoError).retryAfterSec ?? 0) * 1000, told: true });
    }
  }
  assert.ok(servedAsTold >= 9 * refusedThoughTold, `${servedAsTold} served, ${refusedThoughTold} refused`);
});

test("a place that is given back unserved is free again, and makes no wait look shorter", () => {
  let nowMs = 0;
  const admission = new Admission(1, 0, () => nowMs);
  const wait = secondsOfFresh(admission);
  for (let i = 0; i < 50; i++) {
    const place = admission.enter();
    nowMs += 1;
    place.withdraw();
    place.leave();
  }
  assert.equal(admission.inside, 0);
  nowMs += 1_000_000;
  assert.equal(secondsOfFresh(admission), wait);
});

/** What a request is told that comes while the only place is taken. */
function secondsOfFresh(admission: Admission): number {
  const place = admission.enter();
  const seconds = secondsOf(admission);
  place.withdraw();
  return seconds;
}

test("the expected wait is the time of those before it, by what requests took so far", () => {
  let nowMs = 0;
  const admission = new Admission(2, 10, () => nowMs);
  for (let i = 0; i < 60; i++) {
    const place = admission.enter();
    nowMs += 4000;
    place.leave();
  }
  const places = Array.from({ length: 6 }, () => admission.enter());
  const waits = places.map(({ expectedWaitMs }) => Math.round(expectedWaitMs / 100) * 100);
  assert.deepEqual(waits, [0, 0, 2000, 4000, 6000, 8000], "two slots, 4 s each");
  places[0]?.withdraw();
  assert.equal(Math.round((places[5]?.expectedWaitMs ?? 0) / 100) * 100, 6000, "as those before it leave");
});

test("who steps aside is in nobody's way, and comes back behind the last, room or not", () => {
  const admission = new Admission(1, 1, () => 0);
  const [first, second] = [admission.enter(), admission.enter()];
  assert.throws(() => admission.enter(), isFull);
  first.stepAside();
  assert.deepEqual([admission.inside, second.expectedWaitMs], [1, 0]);
  const third = admission.enter();
  first.stepBack();
  assert.deepEqual([admission.inside, first.expectedWaitMs], [3, 4000]);
  first.withdraw();
  first.stepBack();
  assert.equal(admission.inside, 2, "who has left does not come back");
  third.leave();
});
