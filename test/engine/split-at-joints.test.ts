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

const clip = fixtureOf(2, 3);
const [{ startSec, endSec }] = clip.utterances as [(typeof clip.utterances)[number]];
const utterance = decodeFile(clip.path).subarray(startSec * 1000 * MS, endSec * 1000 * MS);
const utteranceMs = utterance.length / MS;

// Two utterances, an hour apart in the file, 300 ms of room around each.
const speechSpans = [300, 900 + utteranceMs].map((startMs) => ({ startMs, endMs: startMs + utteranceMs }));
const jointsMs = [600 + utteranceMs];
const window = new Int16Array((1200 + 2 * utteranceMs) * MS);
for (const { startMs } of speechSpans) window.set(utterance, startMs * MS);

test("a segment that goes on beyond a joint is parted there, whether words are wanted or not", () => {
  const whole = decodeWindow(joining, model, window, { ...params, speechSpans }, control).segments;
  assert.deepEqual(
    whole.map(({ text }) => text),
    [` ${clip.text} ${clip.text}`],
  );
  for (const words of [false, true]) {
    const given = { ...params, speechSpans, jointsMs, words, logprobs: true };
    const { segments } = decodeWindow(joining, model, window, given, control);
    assert.deepEqual(
      segments.map(({ text, logprobs }) => [text, logprobs?.length]),
      [
        [` ${clip.text}`, 3],
        [` ${clip.text}`, 3],
      ],
    );
    for (const [index, { startMs, endMs }] of segments.entries()) {
      const { startMs: from, endMs: to } = speechSpans[index] as (typeof speechSpans)[number];
      assert.ok(Math.abs(startMs - from) <= 80 && Math.abs(endMs - to) <= 80, `${startMs} to ${endMs}`);
    }
    assert.deepEqual(
      segments.map((segment) => segment.words?.length),
      words ? [3, 3] : [undefined, undefined],
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
  const known = decodeWindow(watched, model, window, { ...params, speechSpans, jointsMs }, control).segments;
  assert.ok(plain.length > 1);
  assert.deepEqual(known, plain);
  assert.equal(aligned, 0);
});

test("a translation, whose words have no times of their own, is not parted", () => {
  const given = { ...params, task: "translate", speechSpans, jointsMs } as const;
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
