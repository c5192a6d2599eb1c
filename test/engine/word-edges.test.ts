import assert from "node:assert/strict";
import { test } from "node:test";
import { type Loudness, loudnessOf } from "../../src/engine/loudness.js";
import { wordEdges } from "../../src/engine/word-edges.js";
import { Chance } from "../support/chance.js";

/** Loudness drawn by letters: `#` loud, `-` soft, `.` the room. */
function drawn(picture: string): Loudness {
  const levels = Float32Array.from([...picture].map((letter) => ({ "#": 70, "-": 55 })[letter] ?? 20));
  return { full: { levels, floor: 20 }, sharp: SILENT };
}
const SILENT = { levels: new Float32Array(200), floor: 0 };
const core = (first: number, last: number, earliest: number, latest: number) => ({ first, last, earliest, latest });

test("a word reaches from the pause before it to the pause after it", () => {
  const loudness = drawn("....#####......###....");
  assert.deepEqual(wordEdges([core(6, 7, 0, 14), core(16, 17, 10, 21)], loudness), [
    { first: 4, end: 9 },
    { first: 15, end: 18 },
  ]);
});

test("two words without a pause part where it is quietest", () => {
  const loudness = drawn("...####-####...");
  assert.deepEqual(wordEdges([core(4, 5, 0, 14), core(9, 10, 0, 14)], loudness), [
    { first: 3, end: 7 },
    { first: 7, end: 12 },
  ]);
});

test("the closure of a stop within a word is no pause", () => {
  const loudness = drawn("...####..##........");
  assert.deepEqual(wordEdges([core(4, 5, 0, 18)], loudness), [{ first: 3, end: 11 }]);
});

test("a noise in a long pause belongs to neither word, since it lies beyond their segments", () => {
  const loudness = drawn("...###.........##........###...");
  assert.deepEqual(wordEdges([core(4, 4, 0, 10), core(26, 26, 20, 30)], loudness), [
    { first: 3, end: 6 },
    { first: 25, end: 28 },
  ]);
});

test("an s that hum drowns is still part of its word", () => {
  const hum = drawn("......####............");
  const hiss = drawn("...---####--..........");
  assert.deepEqual(wordEdges([core(7, 8, 0, 21)], hum), [{ first: 6, end: 10 }]);
  assert.deepEqual(wordEdges([core(7, 8, 0, 21)], { ...hum, sharp: hiss.full }), [{ first: 3, end: 12 }]);
});

test("a hum has no sharp part, a hiss has", () => {
  const of = (sound: (at: number) => number) => {
    const { full, sharp } = loudnessOf(Int16Array.from({ length: 16_000 }, (_, at) => 3000 * sound(at)));
    return (full.levels[50] as number) - (sharp.levels[50] as number);
  };
  assert.ok(of((at) => Math.sin((2 * Math.PI * 50 * at) / 16_000)) > 15);
  assert.ok(of((at) => Math.sin((2 * Math.PI * 6000 * at) / 16_000)) < 0);
});

test("where the room drowns the end of a word, it is taken to die away beneath", () => {
  const quiet = drawn("....####..............");
  // 46 - 40 dB are missing of what is audible elsewhere: three frames at 2 dB each.
  const levels = quiet.full.levels.map((level) => Math.max(level, 40));
  const room = { ...quiet, full: { levels, floor: 40 } };
  assert.deepEqual(wordEdges([core(5, 6, 0, 21)], quiet), [{ first: 4, end: 8 }]);
  assert.deepEqual(wordEdges([core(5, 6, 0, 21)], room), [{ first: 4, end: 11 }]);
});

test("a sample's loudness is that of its power in decibels, and the room is what nine tenths exceed", () => {
  const pcm = new Int16Array(16_000);
  for (let at = 4800; at < 16_000; at++) pcm[at] = at % 2 === 0 ? 1000 : -1000;
  const { levels, floor } = loudnessOf(pcm).full;
  assert.equal(levels.length, 100);
  assert.ok(Math.abs((levels[60] as number) - 60) < 0.01);
  assert.equal(floor, 0);
});

test("whatever the sound, words follow each other, take time and hold their middles", () => {
  const chance = new Chance(5);
  for (let round = 0; round < 500; round++) {
    const levels = Float32Array.from({ length: 200 }, () => chance.below(80));
    const sharp = { levels: Float32Array.from({ length: 200 }, () => chance.below(80)), floor: chance.below(40) };
    const cores = [];
    for (let first = chance.below(20); first < 180; first += 2 + chance.below(40)) {
      const earliest = Math.max(0, first - chance.below(30));
      cores.push(core(first, first + 1, earliest, Math.min(199, first + 1 + chance.below(30))));
    }
    let earlier = 0;
    for (const [index, { first, end }] of wordEdges(cores, {
      full: { levels, floor: chance.below(40) },
      sharp,
    }).entries()) {
      const { first: from = 0, last: to = 0 } = cores[index] ?? {};
      assert.ok(first >= earlier && first <= from && end > to && end <= 200, `${first} ${end} around ${from}`);
      earlier = end;
    }
  }
});
