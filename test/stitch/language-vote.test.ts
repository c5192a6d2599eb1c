import assert from "node:assert/strict";
import { test } from "node:test";
import type { LanguageCode } from "../../src/core/languages.js";
import { type Ballot, voteLanguage } from "../../src/stitch/language-vote.js";
import { Chance } from "../support/chance.js";

const ballot = (guesses: Partial<Record<LanguageCode, number>>, speechMs = 20_000): Ballot => ({
  guesses: Object.entries(guesses)
    .map(([language, probability]) => ({ language: language as LanguageCode, probability }))
    .sort((a, b) => b.probability - a.probability),
  speechMs,
});

test("a first window that is sure decides alone", () => {
  assert.deepEqual(voteLanguage([ballot({ de: 0.9, nl: 0.05 })], false), { language: "de", probability: 0.9 });
});

test("one that is unsure waits for the next, and the two decide together", () => {
  const greeting = ballot({ en: 0.4, de: 0.35 });
  assert.equal(voteLanguage([greeting], false), undefined);
  const { language, probability } = voteLanguage([greeting, ballot({ de: 0.95 }), ballot({ de: 0.95 })], false) ?? {};
  assert.equal(language, "de");
  assert.ok(probability && Math.abs(probability - (0.35 + 0.95 + 0.95) / 3) < 1e-9);
});

test("after three windows, or after the last one, the likeliest is taken, however unsure", () => {
  const unsure = ballot({ en: 0.3, de: 0.25 });
  assert.equal(voteLanguage([unsure, unsure], false), undefined);
  assert.equal(voteLanguage([unsure, unsure], true)?.language, "en");
  assert.equal(voteLanguage([unsure, unsure, unsure], false)?.language, "en");
});

test("a window full of speech outweighs one with a few words, and one without speech counts a little", () => {
  const words = ballot({ en: 0.65 }, 500);
  assert.equal(voteLanguage([words, ballot({ fr: 0.5 }, 25_000)], true)?.language, "fr");
  assert.equal(voteLanguage([ballot({ en: 0.6 }, 0)], true)?.language, "en");
});

test("nothing heard settles nothing", () => {
  assert.equal(voteLanguage([], true), undefined);
  assert.equal(voteLanguage([ballot({})], true), undefined);
});

test("whatever was heard, the verdict is one of the guesses and its probability is one", () => {
  const chance = new Chance(41);
  for (let round = 0; round < 500; round++) {
    const ballots = Array.from({ length: 1 + chance.below(3) }, () =>
      ballot({ en: chance.below(50) / 100, de: chance.below(50) / 100 }, chance.below(30_000)),
    );
    const verdict = voteLanguage(ballots, true);
    assert.ok(verdict && ["en", "de"].includes(verdict.language));
    assert.ok(verdict.probability >= 0 && verdict.probability <= 1);
  }
});
