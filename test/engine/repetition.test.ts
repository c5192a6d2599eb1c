import assert from "node:assert/strict";
import { test } from "node:test";
import { findLoop, longestEcho, type TextToken, timedTextTokens } from "../../src/engine/repetition.js";
import { Chance } from "../support/chance.js";

/** One token to each letter, five letters long, evenly over a time. */
function spoken(letters: string, lastsMs: number): TextToken[] {
  const each = lastsMs / letters.length;
  return [...letters].map((letter, index) => ({
    id: letter.charCodeAt(0),
    fromMs: index * each,
    toMs: (index + 1) * each,
    characters: 5,
  }));
}

test("what comes again and again faster than anyone speaks is a loop, beyond its first round", () => {
  assert.deepEqual(findLoop(spoken("xyabcabcabcabcz", 1000), true), { period: 3, from: 5, to: 14 });
  assert.deepEqual(findLoop(spoken("aaaaaaaa", 500), true), { period: 1, from: 1, to: 8 });
});

test("the same at the pace of speech is none: people count, sing and spell", () => {
  assert.equal(findLoop(spoken("aaaaaaaa", 4000), true), undefined);
  assert.equal(findLoop(spoken("abcabcabcabc", 6000), true), undefined);
});

test("three times is a way of speaking, however fast", () => {
  assert.equal(findLoop(spoken("xaaay", 100), true), undefined);
});

test("a decoder that was cut off within its repetitions would never have stopped", () => {
  assert.deepEqual(findLoop(spoken("xababababab", 9000), false), { period: 2, from: 3, to: 11 });
  assert.equal(findLoop(spoken("xababababab", 9000), true), undefined);
  assert.equal(findLoop(spoken("ababababxyz", 9000), false), undefined);
});

test("whatever the text, a loop is a true repetition of what stands before it", () => {
  const chance = new Chance(31);
  for (let round = 0; round < 2000; round++) {
    const letters = Array.from({ length: chance.below(40) }, () => chance.of(["a", "b"])).join("");
    const loop = findLoop(spoken(letters, chance.below(3000)), chance.below(2) === 0);
    if (!loop) continue;
    const { period, from, to } = loop;
    assert.ok(from >= period && to <= letters.length && to - from + period >= 4 * period);
    for (let at = from; at < to; at++) assert.equal(letters[at], letters[at - period]);
  }
});

test("tokens are timed by the timestamps around them, and by the end of the sound where none follows", () => {
  const vocabulary = { timestampBegin: 1000, isText: (id: number) => id < 900, lengthOf: () => 3 };
  const timed = timedTextTokens([1000, 1, 2, 1050, 1060, 3, 950, 4], vocabulary, 20, 5000);
  assert.deepEqual(
    timed.map(({ index, token: { id, fromMs, toMs } }) => [index, id, fromMs, toMs]),
    [
      [1, 1, 0, 1000],
      [2, 2, 0, 1000],
      [5, 3, 1200, 5000],
      [7, 4, 1200, 5000],
    ],
  );
});

test("the longest echo is what repeats something before it, near or far", () => {
  const echoOf = (letters: string) => longestEcho([...letters].map((letter) => letter.charCodeAt(0)));
  assert.equal(echoOf(""), 0);
  assert.equal(echoOf("abcdef"), 0);
  assert.equal(echoOf("ababab"), 4);
  assert.equal(echoOf("aaaa"), 3);
  assert.equal(echoOf("abcxyzabcw"), 3);
  assert.equal(echoOf("3141592653589793"), 1);
});
