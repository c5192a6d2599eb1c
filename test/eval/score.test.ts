import assert from "node:assert/strict";
import { test } from "node:test";
import { Chance } from "../support/chance.js";
import { evalModule, type FileScore, type Timed } from "./modules.js";

interface Step {
  kind: string;
  reference?: number;
  hypothesis?: number;
}
const { alignWords } = await evalModule<{ alignWords(a: string[], b: string[]): Step[] }>("align-words");
const { score } = await evalModule<{
  score(
    reference: { text: string; segments: Timed[]; words: Timed[] },
    heard: { text: string; language: string; durationSec: number; segments: Timed[]; words: Timed[] },
    options?: { normaliser?: string },
  ): FileScore;
}>("score");
const { summarise, spreadOf } = await evalModule<{
  summarise(files: object[]): Record<string, number>;
  spreadOf(errors: number[]): { median: number; p95: number } | null;
}>("summary");

const said = (text: string, words: Timed[] = [], segments: Timed[] = []) => ({ text, words, segments });
const heard = (text: string, words: Timed[] = [], segments: Timed[] = [], language = "english") => ({
  ...said(text, words, segments),
  language,
  durationSec: 10,
});

test("what is wrong is told apart: another word, a missing one, one too many", () => {
  const { words, substitutions, deletions, insertions, alignment } = score(
    said("The quick brown fox jumps over."),
    heard("the slow brown jumps over again"),
  );
  assert.deepEqual(
    { words, substitutions, deletions, insertions },
    { words: 6, substitutions: 1, deletions: 1, insertions: 1 },
  );
  assert.deepEqual(alignment, [
    { kind: "match", reference: "the", hypothesis: "the" },
    { kind: "substitution", reference: "quick", hypothesis: "slow" },
    { kind: "match", reference: "brown", hypothesis: "brown" },
    { kind: "deletion", reference: "fox" },
    { kind: "match", reference: "jumps", hypothesis: "jumps" },
    { kind: "match", reference: "over", hypothesis: "over" },
    { kind: "insertion", hypothesis: "again" },
  ]);
});

test("the normaliser follows the language that was heard, unless one is asked for", () => {
  const errors = (language: string, normaliser = "auto") => {
    const result = score(said("It's 2 o'clock, colour!"), heard("it is two o'clock color", [], [], language), {
      normaliser,
    });
    return result.substitutions + result.deletions + result.insertions;
  };
  assert.equal(errors("english"), 0);
  assert.equal(errors("en"), 0);
  assert.ok(errors("german") > 0);
  assert.equal(errors("german", "english"), 0);
  assert.ok(errors("english", "basic") > 0);
});

test("words on a recording without speech are false text, and no word errors", () => {
  const silent = score(said(""), heard("Thank you."));
  assert.deepEqual([silent.speechless, silent.falseWords], [true, 2]);
  const file = { heard: { durationSec: 10 }, elapsedSec: 1 };
  const summary = summarise([
    { ...file, ...silent },
    { ...file, ...score(said(""), heard("")) },
    { ...file, ...score(said("red blue"), heard("red")) },
  ]);
  assert.equal(summary.falseTextRate, 0.5);
  assert.equal(summary.wordErrorRate, 0.5);
  assert.deepEqual([summary.filesWithFalseText, summary.filesWithoutSpeech, summary.words], [1, 2, 2]);
});

const word = (text: string, startSec: number, endSec: number): Timed => ({ text, startSec, endSec });

test("times are compared where a word was heard right: a word with a word, an utterance with the segment it opens", () => {
  const reference = said(
    "one two. three four",
    [word("one", 1, 1.5), word("two", 2, 2.5), word("three", 5, 5.5), word("four", 6, 6.5)],
    [word("one two.", 1, 2.5), word("three four", 5, 6.5)],
  );
  const heardWords = [word("one", 1.1, 1.4), word("too", 2, 2.5), word("three", 4.75, 5.5), word("four", 6, 6.75)];
  const opening = score(reference, heard("one too three four", heardWords, [word("", 0.9, 2.6), word("", 4.5, 6.8)]));
  const rounded = (errors: number[]) => errors.map((error) => Math.round(error * 100) / 100);
  assert.deepEqual(rounded(opening.wordStartErrorsSec), [0.1, -0.25, 0]);
  assert.deepEqual(rounded(opening.wordEndErrorsSec), [-0.1, 0, 0.25]);
  assert.deepEqual(rounded(opening.segmentStartErrorsSec), [-0.1, -0.5]);
  // Where both utterances came as one segment, the second begins with its word.
  const joined = score(reference, heard("one too three four", heardWords, [word("", 0.9, 6.8)]));
  assert.deepEqual(rounded(joined.segmentStartErrorsSec), [-0.1, -0.25]);
});

test("the spread of errors is of their sizes", () => {
  assert.deepEqual(spreadOf([-3, 1, 2]), { median: 2, p95: 3, count: 3 });
  assert.equal(spreadOf([]), null);
});

test("an alignment uses every word once, in order, and costs what Levenshtein's distance is", () => {
  const chance = new Chance(23);
  const distance = (a: string[], b: string[]): number => {
    const table = a.map(() => new Map<number, number>());
    const of = (i: number, j: number): number => {
      if (i === a.length || j === b.length) return a.length - i + b.length - j;
      const known = table[i]?.get(j);
      if (known !== undefined) return known;
      const least = Math.min(of(i + 1, j) + 1, of(i, j + 1) + 1, of(i + 1, j + 1) + (a[i] === b[j] ? 0 : 1));
      table[i]?.set(j, least);
      return least;
    };
    return of(0, 0);
  };
  for (let round = 0; round < 300; round++) {
    const text = () => Array.from({ length: chance.below(12) }, () => chance.of(["a", "b", "c"]));
    const [a, b] = [text(), text()];
    const steps = alignWords(a, b);
    assert.deepEqual(
      steps.flatMap(({ reference }) => (reference === undefined ? [] : [reference])),
      [...a.keys()],
    );
    assert.deepEqual(
      steps.flatMap(({ hypothesis }) => (hypothesis === undefined ? [] : [hypothesis])),
      [...b.keys()],
    );
    assert.equal(steps.filter(({ kind }) => kind !== "match").length, distance(a, b));
  }
});
