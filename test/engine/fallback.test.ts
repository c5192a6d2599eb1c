import assert from "node:assert/strict";
import { test } from "node:test";
import type { NativeDecoded, NativeSession } from "../../src/engine/addon.js";
import { newControlWords } from "../../src/engine/control-words.js";
import { compressionRatio, decodeWithFallback } from "../../src/engine/fallback.js";
import type { LoadedModel } from "../../src/engine/loaded-model.js";

/** A session that answers each temperature with a prepared decoding. */
function sessionOf(answer: (temperature: number) => { words: string[]; logprob: number }) {
  const asked: number[] = [];
  const texts: string[][] = [];
  const session = {
    decode(_prompt: Int32Array, options: { temperature: number }): NativeDecoded {
      asked.push(options.temperature);
      const { words, logprob } = answer(options.temperature);
      texts.push(words);
      const ids = Int32Array.from(words, (word) => words.indexOf(word));
      return { ids, logprobs: new Float32Array(words.length).fill(logprob), ended: true, endLogprob: logprob };
    },
  };
  const model = {
    hasTimestamps: true,
    maxTokens: () => 224,
    facts: { timestampBegin: 1000 },
    tokenizer: {
      decode: (ids: number[]) => ids.map((id) => texts.at(-1)?.[id]).join(""),
      isText: () => true,
    },
  };
  const run = (temperature: number, noSpeechProb = 0) =>
    decodeWithFallback(
      session as unknown as NativeSession,
      model as unknown as LoadedModel,
      new Int32Array(3),
      { temperature, noSpeechProb, seed: 0, heardMs: 30_000 },
      newControlWords(),
    );
  return { asked, run };
}

const fluent = { words: [" the", " quick", " brown", " fox"], logprob: -0.1 };
const looping = { words: Array.from({ length: 60 }, () => " again"), logprob: -0.1 };
const doubtful = { words: [" mumble"], logprob: -3 };

test("a good result is kept at temperature 0", () => {
  const { asked, run } = sessionOf(() => fluent);
  const { pass, rejected } = run(0);
  assert.deepEqual(asked, [0]);
  assert.equal(pass.temperature, 0);
  assert.ok(Math.abs(pass.avgLogprob + 0.1) < 1e-6);
  assert.deepEqual(rejected, []);
});

test("text that repeats itself is tried again, and the temperature that mended it is reported", () => {
  const { asked, run } = sessionOf((temperature) => (temperature < 0.4 ? looping : fluent));
  const { pass, rejected } = run(0);
  assert.equal(pass.temperature, 0.4);
  assert.deepEqual(asked, [0, 0.2, 0.4]);
  const text = looping.words.join("").trim();
  assert.deepEqual(rejected, [
    { reason: "compression_ratio", text },
    { reason: "compression_ratio", text },
  ]);
});

const digits = [..."6183097254170386952941360725816390472"].map((digit) => ` digit-${digit}`);

test("text that compresses well for its few words alone is kept, as it does not repeat itself", () => {
  const { asked, run } = sessionOf(() => ({ words: digits, logprob: -0.1 }));
  const { pass, rejected } = run(0);
  assert.ok(pass.compressionRatio > 2.4);
  assert.deepEqual([asked, rejected], [[0], []]);
});

test("of few words or not, text that the model doubts is tried again", () => {
  const { asked, run } = sessionOf(() => ({ words: digits, logprob: -1.5 }));
  assert.ok(run(0).rejected.every(({ reason }) => reason === "avg_logprob"));
  assert.deepEqual(asked, [0, 0.2, 0.4, 0.6, 0.8, 1]);
});

test("text that goes round in circles at the pace of speech goes up the whole ladder", () => {
  const circling = { words: [..."abcdefg".repeat(6)].map((letter) => ` word-${letter}`), logprob: -0.1 };
  for (const answer of [looping, circling]) {
    const { asked, run } = sessionOf(() => answer);
    run(0);
    assert.deepEqual(asked, [0, 0.2, 0.4, 0.6, 0.8, 1]);
  }
});

test("doubt goes up the whole ladder and no further, and the likeliest result is kept", () => {
  const { asked, run } = sessionOf((temperature) => ({
    words: [" mumble"],
    logprob: -3 + (temperature === 0.2 ? 1 : 0),
  }));
  const { pass, rejected } = run(0);
  assert.equal(pass.temperature, 0.2);
  assert.deepEqual(asked, [0, 0.2, 0.4, 0.6, 0.8, 1]);
  // All but the one that is kept.
  assert.deepEqual(rejected, new Array(5).fill({ reason: "avg_logprob", text: "mumble" }));
});

test("when all is bad, doubtful text goes before text that repeats itself", () => {
  const { run } = sessionOf((temperature) => (temperature === 0.8 ? doubtful : looping));
  assert.equal(run(0).pass.temperature, 0.8);
});

test("doubt about silence is no reason to try again", () => {
  const { asked, run } = sessionOf(() => doubtful);
  run(0, 0.9);
  assert.deepEqual(asked, [0]);
});

test("a temperature that the client chose is used alone", () => {
  const { asked, run } = sessionOf(() => looping);
  run(0.6);
  assert.deepEqual(asked, [0.6]);
});

test("the compression ratio is OpenAI's: bytes over zlib-compressed bytes", () => {
  // Figures of Python's len(b) / len(zlib.compress(b)).
  assert.equal(compressionRatio("again ".repeat(60)).toFixed(4), (360 / 19).toFixed(4));
  assert.ok(compressionRatio("hello") < 1);
  assert.equal(compressionRatio(""), 0);
});
