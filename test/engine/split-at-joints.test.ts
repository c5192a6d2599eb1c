import assert from "node:assert/strict";
import { after, test } from "node:test";
import type { NativeSession } from "../../src/engine/addon.js";
import { newControlWords } from "../../src/engine/control-words.js";
import { LoadedModel } from "../../src/engine/loaded-model.js";
import { partsBetweenJoints } from "../../src/engine/split-at-joints.js";
import { decodeWindow } from "../../src/engine/window-decoder.js";
import { splitWords } from "../../src/stitch/words.js";
import { decodeFile } from "../support/decode-file.js";
import { MODEL_PATH } from "../support/demonstration.js";
import { fixtureOf } from "../support/fixtures.js";
import { addonWithCpu } from "../support/native-addon.js";
import { wrappedSession } from "../support/wrapped-session.js";

const addon = addonWithCpu();
const model = new LoadedModel(addon, addon.openModel(MODEL_PATH, ""));
const session = addon.openSession(model.id, 1);
after(() => session.close());
const control = newControlWords();
const params = { task: "transcribe", language: "en", prompt: undefined, temperature: 0 } as const;
const MS = 16;
const { timestampBegin } = model.facts;

/** Says what the model says, but all of it in one segment, as real models write sentences. */
const joining: NativeSession = wrappedSession(session, {
  decode: (...args) => {
    const decoded = session.decode(...args);
    const keep = [...decoded.ids.keys()].filter(
      (index) => index === 0 || index === decoded.ids.length - 1 || (decoded.ids[index] as number) < timestampBegin,
    );
    const pick = (index: number) => decoded.logprobs[index] as number;
    return {
      ...decoded,
      ids: decoded.ids.filter((_, index) => keep.includes(index)),
      logprobs: Float32Array.from(keep, pick),
    };
  },
});

/** "seven", spoken from 0.3 to 0.9 s of its recording, at these times of a window. */
function sevensAt(startsMs: readonly number[], windowMs: number): Int16Array {
  const seven = decodeFile(fixtureOf(1, 2).path).subarray(300 * MS, 900 * MS);
  const pcm = new Int16Array(windowMs * MS);
  for (const startMs of startsMs) pcm.set(seven, startMs * MS);
  return pcm;
}

const startsMs = [300, 1100, 2300, 3100];
const window = sevensAt(startsMs, 4000);
// Two utterances, an hour apart in the file, 300 ms of room around each.
const speechSpans = [
  { startMs: 300, endMs: 1700 },
  { startMs: 2300, endMs: 3700 },
];

test("a segment that goes on beyond a joint is parted there, whether words are wanted or not", () => {
  const whole = decodeWindow(joining, model, window, { ...params, speechSpans }, control).segments;
  assert.deepEqual(
    whole.map(({ text }) => text),
    [" seven seven seven seven"],
  );
  for (const words of [false, true]) {
    const given = { ...params, speechSpans, jointsMs: [2000], words, logprobs: true };
    const { segments } = decodeWindow(joining, model, window, given, control);
    assert.deepEqual(
      segments.map(({ text, logprobs }) => [text, logprobs?.length]),
      [
        [" seven seven", 2],
        [" seven seven", 2],
      ],
    );
    for (const [index, { startMs, endMs }] of segments.entries()) {
      const { startMs: from, endMs: to } = speechSpans[index] as (typeof speechSpans)[number];
      assert.ok(Math.abs(startMs - from) <= 80 && Math.abs(endMs - to) <= 80, `${startMs} to ${endMs}`);
    }
    assert.deepEqual(
      segments.map((segment) => segment.words?.length),
      words ? [2, 2] : [undefined, undefined],
    );
    // Together they have the tokens that the one had.
    assert.deepEqual(
      segments.flatMap(({ tokens }) => tokens),
      whole.flatMap(({ tokens }) => tokens),
    );
  }
});

test("segments that a joint does not cut stay as they are, and nothing is aligned for them", () => {
  let aligned = 0;
  const watched = wrappedSession(session, {
    align: (...args) => {
      aligned++;
      return session.align(...args);
    },
  });
  const plain = decodeWindow(session, model, window, { ...params, speechSpans }, control).segments;
  const known = decodeWindow(watched, model, window, { ...params, speechSpans, jointsMs: [2000] }, control).segments;
  assert.ok(plain.length > 1);
  assert.deepEqual(known, plain);
  assert.equal(aligned, 0);
});

test("a translation, whose words have no times of their own, is not parted", () => {
  const given = { ...params, task: "translate", speechSpans, jointsMs: [2000] } as const;
  assert.equal(decodeWindow(joining, model, window, given, control).segments.length, 1);
});

/** The texts of the parts when the words from `first` on are said after the joint. */
function parted(text: string, first: number, language: "en" | "es" | "zh" = "en"): string[] {
  const tokens = [timestampBegin, ...model.tokenizer.encode(text), timestampBegin + 100];
  const words = splitWords(text, language).map((word, index) => {
    const startMs = index * 100 + (index >= first ? 10_000 : 0);
    return { word, startMs, endMs: startMs + 90 };
  });
  const parts = partsBetweenJoints(tokens, words, [5000], { tokenizer: model.tokenizer, language });
  assert.deepEqual(
    parts.flatMap((part) => part.words),
    words,
  );
  assert.deepEqual(
    parts.flatMap(({ from, to }) => tokens.slice(from, to)),
    tokens,
  );
  return parts.map(({ from, to }) => model.tokenizer.decode(tokens.slice(from, to)));
}

test("marks stay with the words that they belong to, and characters of several tokens stay whole", () => {
  assert.deepEqual(parted(" Good night, then. (Later) he came.", 3), [" Good night, then.", " (Later) he came."]);
  assert.deepEqual(parted(" Eso es. ¿Qué tal?", 2, "es"), [" Eso es.", " ¿Qué tal?"]);
  assert.deepEqual(parted("龘鬱。我们今天去北京大学", 2, "zh").length, 2);
  assert.deepEqual(parted(" one two", 0), [" one two"]);
  assert.deepEqual(parted(" one two", 2), [" one two"]);
});

test("words on three sides of two joints make three parts", () => {
  const tokens = model.tokenizer.encode(" one two three");
  const words = ["one", "two", "three"].map((word, index) => ({
    word,
    startMs: index * 1000,
    endMs: index * 1000 + 500,
  }));
  const parts = partsBetweenJoints(tokens, words, [900, 1900], { tokenizer: model.tokenizer, language: "en" });
  assert.deepEqual(
    parts.map((part) => part.words.map(({ word }) => word)),
    [["one"], ["two"], ["three"]],
  );
});
