import assert from "node:assert/strict";
import { test } from "node:test";
import { SAMPLE_RATE } from "../../src/core/audio.js";
import { CUT_STEP_SAMPLES, quietCut, stepPowers } from "../../src/plan/quiet-cut.js";
import { noise, type Stretch } from "./sounds.js";

/** Where the stretches are cut, in seconds. */
function cutOf(...stretches: Stretch[]): number {
  return (quietCut(stepPowers(noise(stretches))) * CUT_STEP_SAMPLES) / SAMPLE_RATE;
}

function assertWithin(cut: number, from: number, to: number): void {
  assert.ok(cut >= from && cut <= to, `${cut} s, expected ${from} to ${to} s`);
}

test("a cut falls inside the pause, also in a noisy recording", () => {
  assertWithin(cutOf([5, 0.5], [0.4, 0], [9, 0.5]), 5.1, 5.3);
  assertWithin(cutOf([5, 0.5], [0.4, 0.02], [9, 0.5]), 5.1, 5.3);
});

test("of two pauses the later one is taken, even if the earlier is a little quieter", () => {
  assertWithin(cutOf([1, 0.5], [0.5, 0.001], [10, 0.5], [0.5, 0.005], [3, 0.5]), 11.5, 12);
});

test("a pause beats a mere dip that comes later", () => {
  assertWithin(cutOf([3, 0.5], [0.5, 0.005], [8, 0.5], [0.5, 0.2], [3, 0.5]), 3, 3.5);
});

test("of many dips without a pause the deepest kind is taken, the last of them", () => {
  assertWithin(cutOf([3, 0.5], [0.5, 0.1], [4, 0.5], [0.5, 0.11], [4, 0.5], [0.5, 0.3], [2, 0.5]), 7.5, 8);
});

test("a closure of 40 ms within a word is no pause when there is one", () => {
  assertWithin(cutOf([5, 0.5], [0.3, 0], [5, 0.5], [0.04, 0], [4, 0.5]), 5, 5.3);
});

test("steady noise is cut near its end", () => {
  assertWithin(cutOf([15, 0.5]), 14.5, 15);
});
