import assert from "node:assert/strict";
import { test } from "node:test";
import { placeWords, splitWords } from "../../src/stitch/words.js";
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
