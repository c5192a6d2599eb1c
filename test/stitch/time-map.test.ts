import assert from "node:assert/strict";
import { test } from "node:test";
import { endOf, SAMPLES_PER_MS, type Window } from "../../src/core/audio.js";
import { TimeMap } from "../../src/stitch/time-map.js";
import { seeded } from "../plan/sounds.js";

const stretch = (fromMs: number, toMs: number) => ({
  firstSample: fromMs * SAMPLES_PER_MS,
  sampleCount: (toMs - fromMs) * SAMPLES_PER_MS,
});

/** Two utterances a minute apart, with 300 ms around each, put together: 0..2600 and 2600..5200 ms of the window. */
const FAR_APART: Window = {
  stretches: [stretch(10_000, 12_600), stretch(70_000, 72_600)],
  speech: [stretch(10_300, 12_300), stretch(70_300, 72_300)],
};
const map = new TimeMap(FAR_APART);

test("a moment of the window is the same moment of the file, on either side of what was left out", () => {
  assert.deepEqual(
    [0, 1000, 2599, 2600, 3000, 5200, 9999].map((ms) => map.moment(ms)),
    [10_000, 11_000, 12_599, 70_000, 70_400, 72_600, 72_600],
  );
});

test("speech parts where more than a speaker's own pause was left out, and not where a pause is merely shorter", () => {
  const shortened = new TimeMap({
    stretches: [stretch(1000, 3000), stretch(3400, 5000), stretch(5901, 7000)],
    speech: [stretch(1300, 2700), stretch(3700, 4700), stretch(6201, 6700)],
  });
  assert.deepEqual(shortened.jointsMs, [2000, 3600]);
  assert.deepEqual(shortened.partingsMs, [3600]);
});

test("a segment that begins in the silence before its speech begins with the speech", () => {
  assert.deepEqual(map.span({ startMs: 0, endMs: 1500 }), { startMs: 10_300, endMs: 11_500 });
});

test("a segment that begins at the end of what was said before begins with the next speech, a minute later", () => {
  for (const startMs of [2250, 2400, 2600, 2800]) {
    assert.deepEqual(map.span({ startMs, endMs: 4900 }), { startMs: 70_300, endMs: 72_300 });
  }
});

test("a segment that ends in the next one's silence ends with its own speech", () => {
  for (const endMs of [2300, 2500, 2700, 2950]) {
    assert.deepEqual(map.span({ startMs: 500, endMs }), { startMs: 10_500, endMs: 12_300 });
  }
});

test("a segment in no speech stays where it is", () => {
  assert.deepEqual(map.span({ startMs: 2400, endMs: 2550 }), { startMs: 12_400, endMs: 12_550 });
});

test("without knowledge of speech times are moved, and nothing else", () => {
  const plain = new TimeMap({ stretches: [stretch(30_000, 60_000)], speech: [] });
  assert.deepEqual(plain.span({ startMs: 120, endMs: 30_000 }), { startMs: 30_120, endMs: 60_000 });
});

test("whatever the window, times are monotone, never overlap, and lie in the window's stretches", () => {
  const random = seeded(21);
  for (let round = 0; round < 500; round++) {
    const window = randomWindow(random);
    const times = new TimeMap(window);
    const lengthMs = window.stretches.reduce((sum, { sampleCount }) => sum + sampleCount, 0) / SAMPLES_PER_MS;
    let last = -1;
    for (let ms = 0; ms <= lengthMs; ms += 37) {
      const moment = times.moment(ms);
      assert.ok(moment >= last, "moments are monotone");
      last = moment;
    }
    let endMs = 0;
    let fileMs = -1;
    for (let startMs = 0; startMs < lengthMs; startMs = endMs) {
      endMs = startMs + 10 + Math.floor(random() * 2000);
      const placed = times.span({ startMs, endMs: Math.min(endMs, lengthMs) });
      assert.ok(
        placed.startMs >= fileMs && placed.endMs >= placed.startMs,
        `${JSON.stringify(placed)} after ${fileMs}`,
      );
      fileMs = placed.endMs;
      for (const ms of [placed.startMs, placed.endMs]) {
        const sample = ms * SAMPLES_PER_MS;
        const isWithin = ({ firstSample }: { firstSample: number }, end: number) =>
          sample >= firstSample - SAMPLES_PER_MS && sample <= end + SAMPLES_PER_MS;
        assert.ok(
          window.stretches.some((one) => isWithin(one, endOf(one))),
          `${ms} ms is in no stretch`,
        );
      }
    }
  }
});

function randomWindow(random: () => number): Window {
  const stretches = [];
  const speech = [];
  let at = Math.floor(random() * 1e6);
  for (let count = 1 + Math.floor(random() * 5); count > 0; count--) {
    const from = at;
    for (let parts = 1 + Math.floor(random() * 3); parts > 0; parts--) {
      const start = at + Math.floor(random() * 500 * SAMPLES_PER_MS);
      const length = Math.floor((40 + random() * 3000) * SAMPLES_PER_MS);
      speech.push({ firstSample: start, sampleCount: length });
      at = start + length + Math.floor(random() * 500 * SAMPLES_PER_MS);
    }
    stretches.push({ firstSample: from, sampleCount: at - from });
    at += Math.floor(random() * 60_000 * SAMPLES_PER_MS);
  }
  return { stretches, speech };
}
