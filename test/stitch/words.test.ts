import assert from "node:assert/strict";
import { test } from "node:test";
import { placeSegments, placeWordsOf } from "../../src/stitch/segments.js";
import { TimeMap } from "../../src/stitch/time-map.js";
import { placeWords, splitWords, wordSpans } from "../../src/stitch/words.js";
import { segment } from "../render/sample-transcript.js";
import { Chance } from "../support/chance.js";

test("words stand without the marks around them, and keep those inside", () => {
  assert.deepEqual(splitWords(' "Don\'t," he said — 3.14 well-known (50%) AT&T, ¿qué?', "en"), [
    ..."Don't he said 3.14 well-known 50% AT&T qué".split(" "),
  ]);
  assert.deepEqual(splitWords(" ... — !", "en"), []);
});

test("scripts without spaces are split into words too", () => {
  assert.deepEqual(splitWords("你好，世界。", "zh"), ["你好", "世界"]);
  assert.ok(splitWords("สวัสดีชาวโลก", "th").length > 1);
});

test("a segment's time is shared out by length", () => {
  assert.deepEqual(placeWords([segment(1000, 2000, " a bcd e")], "en"), [
    { word: "a", startMs: 1000, endMs: 1250 },
    { word: "bcd", startMs: 1250, endMs: 1750 },
    { word: "e", startMs: 1750, endMs: 2000 },
  ]);
});

test("words that were aligned with the sound stay as they are, with their segment's speaker", () => {
  const words = [{ word: "hello", startMs: 1100, endMs: 1400 }];
  const aligned = { ...segment(1000, 2000, " hello"), words };
  assert.deepEqual(placeWords([aligned], "en"), words);
  assert.deepEqual(placeWords([{ ...aligned, speaker: "A" }], "en"), [{ ...words[0], speaker: "A" }]);
});

test("a window's words move with its segments to the time of the file, in order and within them", () => {
  const words = [
    { word: "hello", startMs: 100, endMs: 400 },
    { word: "you", startMs: 350, endMs: 600 },
  ];
  const heard = [{ ...segment(0, 500, " hello you"), words }];
  const times = new TimeMap({ stretches: [{ firstSample: 16_000, sampleCount: 32_000 }], speech: [] });
  const [moved] = placeSegments(times, heard);
  assert.deepEqual([moved?.startMs, moved?.endMs, moved?.seekMs], [1000, 1500, 1000]);
  assert.deepEqual(placeWordsOf(times, heard, "en"), [
    { word: "hello", startMs: 1100, endMs: 1400 },
    { word: "you", startMs: 1400, endMs: 1500 },
  ]);
});

test("a word's place in its text is without the marks around it, also where the script has no spaces", () => {
  for (const [text, language] of [
    [' "Don\'t," he said (50%)!', "en"],
    ["「今日は」天気、がいい。 Node は", "ja"],
    [" ¿Qué… tal?", "es"],
  ] as const) {
    const spans = wordSpans(text, language);
    assert.ok(spans.length > 1);
    for (const { word, from, to } of spans) assert.equal(text.slice(from, to), word);
  }
});

test("words never overlap, never go back and never leave their segment", () => {
  const chance = new Chance(3);
  for (let round = 0; round < 500; round++) {
    const startMs = chance.below(1_000_000);
    const endMs = startMs + chance.below(30_000);
    const text = Array.from({ length: chance.below(40) }, () => ` ${"x".repeat(chance.below(20))}`).join("");
    let earlierMs = startMs;
    for (const word of placeWords([segment(startMs, endMs, text)], "en")) {
      assert.ok(word.startMs >= earlierMs && word.endMs >= word.startMs && word.endMs <= endMs);
      assert.ok(Number.isInteger(word.startMs) && Number.isInteger(word.endMs));
      earlierMs = word.endMs;
    }
  }
});
