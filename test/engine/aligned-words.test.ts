import assert from "node:assert/strict";
import { after, test } from "node:test";
import type { LanguageCode } from "../../src/core/languages.js";
import { alignWords, type TimedTokens } from "../../src/engine/aligned-words.js";
import { newControlWords } from "../../src/engine/control-words.js";
import { LoadedModel } from "../../src/engine/loaded-model.js";
import { decodeWindow } from "../../src/engine/window-decoder.js";
import { splitWords } from "../../src/stitch/words.js";
import { Chance } from "../support/chance.js";
import { decodeFile } from "../support/decode-file.js";
import { MODEL_PATH } from "../support/demonstration.js";
import { FIXTURES, fixtureOf } from "../support/fixtures.js";
import { addonWithCpu } from "../support/native-addon.js";
import { wrappedSession } from "../support/wrapped-session.js";

const addon = addonWithCpu();
const modelId = addon.openModel(MODEL_PATH, "");
const model = new LoadedModel(addon, modelId);
const session = addon.openSession(modelId, 1);
after(() => session.close());
const control = newControlWords();
const params = { task: "transcribe", language: "en", prompt: undefined, temperature: 0, words: true } as const;
const MS = 16;

/** "seven", spoken from 0.3 to 0.9 s of its recording, at these times of a window. */
function sevensAt(startsMs: readonly number[], windowMs: number): Int16Array {
  const seven = decodeFile(fixtureOf(1, 2).path).subarray(300 * MS, 900 * MS);
  const pcm = new Int16Array(windowMs * MS);
  for (const startMs of startsMs) pcm.set(seven, startMs * MS);
  return pcm;
}

test("words are found within 60 ms of where they are said", () => {
  const startsMs = [640, 1310, 2050, 5730, 6480];
  const { segments } = decodeWindow(session, model, sevensAt(startsMs, 8000), params, control);
  const words = segments.flatMap((segment) => segment.words ?? []);
  assert.deepEqual(
    words.map(({ word }) => word),
    startsMs.map(() => "seven"),
  );
  for (const [index, { startMs, endMs }] of words.entries()) {
    const truthMs = startsMs[index] as number;
    assert.ok(Math.abs(startMs - truthMs) <= 60, `${startMs} against ${truthMs}`);
    assert.ok(Math.abs(endMs - (truthMs + 600)) <= 60, `${endMs} against ${truthMs + 600}`);
  }
});

test("with words, a segment begins and ends with them; without, it has none and the text is the same", () => {
  for (const { path } of FIXTURES.filter(({ durationSec }) => durationSec < 30)) {
    const pcm = decodeFile(path);
    const { segments } = decodeWindow(session, model, pcm, params, control);
    const plain = decodeWindow(session, model, pcm, { ...params, words: false }, control).segments;
    assert.deepEqual(
      segments.map(({ text }) => text),
      plain.map(({ text }) => text),
    );
    assert.ok(plain.every(({ words }) => words === undefined));
    for (const { startMs, endMs, words = [] } of segments) {
      assert.deepEqual([startMs, endMs], [words[0]?.startMs, words.at(-1)?.endMs]);
    }
  }
});

/** Leaves a segment open in the middle of what it decodes, so that the window needs another pass from there. */
const interrupted = wrappedSession(session, {
  decode: (...args) => {
    const decoded = session.decode(...args);
    const isStamp = (index: number) => (decoded.ids[index] ?? 0) >= model.facts.timestampBegin;
    const middle = Math.floor(decoded.ids.length / 2);
    const cut = decoded.ids.findIndex((_, index) => index > middle && isStamp(index) && isStamp(index - 1));
    return cut < 0
      ? decoded
      : { ...decoded, ids: decoded.ids.slice(0, cut + 1), logprobs: decoded.logprobs.slice(0, cut + 1) };
  },
});

test("wherever a recording is cut, also where a window needs several passes, words and segments follow each other", () => {
  const recording = decodeFile(fixtureOf(60, 90).path);
  for (const first of [0, 7, 13, 21].map((sec) => sec * 16_000 + 777)) {
    const window = recording.subarray(first, first + 480_000);
    const { segments } = decodeWindow(interrupted, model, window, params, control);
    assert.ok(new Set(segments.map(({ seekMs }) => seekMs)).size > 1);
    let earlierMs = 0;
    for (const { startMs, endMs, words = [] } of segments) {
      assert.ok(startMs >= earlierMs && endMs >= startMs && endMs <= 30_000, JSON.stringify(segments));
      for (const word of words) {
        assert.ok(word.startMs >= earlierMs && word.endMs >= word.startMs && word.endMs <= endMs);
        earlierMs = word.endMs;
      }
    }
  }
});

test("a translation's words are not aligned with sounds that are in another order", () => {
  const pcm = decodeFile(fixtureOf(2, 3).path);
  const { segments } = decodeWindow(session, model, pcm, { ...params, task: "translate" }, control);
  assert.ok(segments.length > 0 && segments.every(({ words }) => words === undefined));
});

/** Tokens of a text that lasts from a step to another, said at an even pace. */
function evenly(text: string, startStep: number, endStep: number) {
  const tokens = model.tokenizer.encode(text);
  const positions = endStep + 50;
  const rows = new Float32Array(tokens.length * positions);
  for (const index of tokens.keys()) {
    const middle = startStep + ((index + 0.5) * (endStep - startStep)) / tokens.length;
    for (let at = 0; at < positions; at++) rows[index * positions + at] = 1 / (1 + Math.abs(at - middle));
  }
  const segment: TimedTokens = { tokens, rows: [...tokens.keys()], startStep, endStep };
  return { segments: [segment], attention: { rows, positions } };
}
const silent = { levels: new Float32Array(3000), floor: 0 };
const quiet = { full: silent, sharp: silent };

test("languages without spaces are split into words, also where a token is half a character or two words", () => {
  const texts: [LanguageCode, string][] = [
    ["zh", "我们今天去北京大学，学习鬱悶的龘字。"],
    ["ja", "今日は天気がいいから、散歩しましょう！"],
    ["th", "สวัสดีชาวโลก วันนี้อากาศดี"],
    ["ko", " 안녕하세요, 만나서 반갑습니다."],
    ["en", ' "Don\'t," he said — 3.14 well-known (50%) AT&T?'],
  ];
  for (const [language, text] of texts) {
    const { segments, attention } = evenly(text, 10, 400);
    const words = alignWords(segments, attention, quiet, { tokenizer: model.tokenizer, language }).flat();
    assert.deepEqual(
      words.map(({ word }) => word),
      splitWords(text, language),
    );
    assert.ok(words.length > 2);
    for (const [index, word] of words.entries()) {
      assert.ok(word.endMs > word.startMs && word.startMs >= (words[index - 1]?.endMs ?? 0), JSON.stringify(words));
    }
    // They fill the time in which the text is said.
    assert.ok((words[0]?.startMs ?? 9999) < 1500 && (words.at(-1)?.endMs ?? 0) > 5500, JSON.stringify(words));
  }
});

test("whatever the decoder looks at, words are in order, take no negative time, and lie within speech where it is known", () => {
  const chance = new Chance(17);
  const texts = [" one two three, four!", " ... ", "鬱龘。", " naïve café 🙂 end", ""];
  for (let round = 0; round < 300; round++) {
    const positions = 20 + chance.below(200);
    const segments: TimedTokens[] = [];
    let row = 0;
    for (let step = 0; step < positions; step += 1 + chance.below(60)) {
      const tokens = model.tokenizer.encode(chance.of(texts));
      segments.push({ tokens, rows: tokens.map(() => row++), startStep: step, endStep: step + chance.below(80) });
    }
    const rows = Float32Array.from({ length: row * positions }, () => chance.below(1000) / 100 - 5);
    const band = () => ({ levels: Float32Array.from({ length: positions * 2 }, () => chance.below(80)), floor: 20 });
    const loudness = { full: band(), sharp: band() };
    const edges = [...new Array(6)].map(() => chance.below(positions * 20)).sort((a, b) => a - b);
    const speech = [0, 2, 4].map((at) => ({ startMs: edges[at] as number, endMs: edges[at + 1] as number }));
    for (const known of [undefined, speech]) {
      const options = { tokenizer: model.tokenizer, language: "en" as const, speech: known };
      let earlierMs = 0;
      for (const { startMs, endMs } of alignWords(segments, { rows, positions }, loudness, options).flat()) {
        assert.ok(startMs >= earlierMs && endMs >= startMs && endMs <= positions * 20);
        assert.ok(!known || known.some((span) => startMs >= span.startMs && endMs <= span.endMs));
        earlierMs = endMs;
      }
    }
  }
});
