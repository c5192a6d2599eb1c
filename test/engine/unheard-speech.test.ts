import assert from "node:assert/strict";
import { after, test } from "node:test";
import type { NativeDecoded, NativeSession } from "../../src/engine/addon.js";
import { newControlWords } from "../../src/engine/control-words.js";
import { LoadedModel } from "../../src/engine/loaded-model.js";
import { unheardSpeech } from "../../src/engine/unheard-speech.js";
import { decodeWindow } from "../../src/engine/window-decoder.js";
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
const clip = fixtureOf(15, 25);
const speech = decodeFile(clip.path);
const plain = { task: "transcribe", language: "en", prompt: undefined, temperature: 0 } as const;
const whole = decodeWindow(session, model, speech, plain, control);
const textOf = (segments: readonly { text: string }[]) =>
  segments
    .map(({ text }) => text)
    .join("")
    .trim();
/** Strings of digits, seconds apart; each digit is a segment. */
const spans = clip.utterances.map(({ startSec, endSec }) => ({ startMs: startSec * 1000, endMs: endSec * 1000 }));
const spanOf = ({ startMs, endMs }: { startMs: number; endMs: number }) =>
  spans.findIndex((span) => startMs < span.endMs && endMs > span.startMs);
/** The text of what was heard in some of them. */
const textIn = (indices: readonly number[]) => textOf(whole.segments.filter((one) => indices.includes(spanOf(one))));
const params = { ...plain, speechSpans: spans };

/** The decoding of a window without the segments of some spans. */
function without(decoded: NativeDecoded, deafTo: readonly number[]): NativeDecoded {
  const isTimestamp = (id: number | undefined) => id !== undefined && id >= model.facts.timestampBegin;
  const kept: number[] = [];
  let segment = 0;
  for (const [index, id] of decoded.ids.entries()) {
    if (isTimestamp(id) && isTimestamp(decoded.ids[index - 1])) segment++;
    if (!deafTo.includes(spanOf(whole.segments[segment] ?? { startMs: 0, endMs: 0 }))) kept.push(index);
  }
  return {
    ...decoded,
    ids: Int32Array.from(kept, (index) => decoded.ids[index] as number),
    logprobs: Float32Array.from(kept, (index) => decoded.logprobs[index] as number),
  };
}

/** The decoding of silence. */
function silent(decoded: NativeDecoded): NativeDecoded {
  return { ...decoded, ids: new Int32Array(0), logprobs: new Float32Array(0) };
}

/** Passes over some spans in its first decoding; `later` changes the decodings that follow. */
function deaf(deafTo: readonly number[], later = (decoded: NativeDecoded, _decoding: number) => decoded) {
  const encodings: number[] = [];
  let decodings = 0;
  const own: NativeSession = wrappedSession(session, {
    encode: (offset, ...rest) => {
      encodings.push(offset);
      session.encode(offset, ...rest);
    },
    decode: (...args) => {
      const decoded = session.decode(...args);
      return decodings++ === 0 ? without(decoded, deafTo) : later(decoded, decodings);
    },
  });
  return { session: own, encodings };
}

test("speech that was passed over is heard again alone, and stands where it was said", () => {
  for (const deafTo of [[1], [2], [0, 1]]) {
    for (const words of [false, true]) {
      const { session: own, encodings } = deaf(deafTo);
      const { segments, suppressed, timings } = decodeWindow(own, model, speech, { ...params, words }, control);
      assert.equal(textOf(segments), clip.text);
      assert.deepEqual(
        suppressed,
        deafTo.map((index) => ({ ...spans[index], reason: "unheard", action: "retried", text: "" })),
      );
      // The window; what was passed over, twice more a little later, and again where words are aligned with it.
      assert.deepEqual(encodings, words ? [0, 0, 7, 13, 0] : [0, 0, 7, 13]);
      assert.ok(timings.encodeMs > 0);
      for (const [index, segment] of segments.entries()) {
        const { startMs, endMs } = whole.segments[index] as (typeof spans)[number];
        assert.ok(Math.abs(segment.startMs - startMs) <= 150 && Math.abs(segment.endMs - endMs) <= 150);
        assert.equal(segment.words?.length, words ? 1 : undefined);
        const span = spans[spanOf(segment)] as (typeof spans)[number];
        for (const word of segment.words ?? []) assert.ok(word.startMs >= span.startMs && word.endMs <= span.endMs);
      }
    }
  }
});

test("what is heard of it only once stays out, and is told", () => {
  const { session: own } = deaf([1], (decoded, decoding) => (decoding > 2 ? silent(decoded) : decoded));
  const { segments, suppressed } = decodeWindow(own, model, speech, params, control);
  assert.equal(textOf(segments), textIn([0, 2, 3, 4]));
  assert.deepEqual(
    suppressed.map(({ reason, action, text }) => ({ reason, action, text })),
    [
      { reason: "unheard", action: "retried", text: "" },
      ...textIn([1])
        .split(" ")
        .map((text) => ({ reason: "unconfirmed", action: "dropped", text })),
    ],
  );
});

test("nothing is heard again where all of a window was silent to the model", () => {
  const { session: own, encodings } = deaf([0, 1, 2, 3, 4]);
  const { segments, suppressed } = decodeWindow(own, model, speech, params, control);
  assert.deepEqual([segments, suppressed, encodings], [[], [], [0]]);
});

test("what is far fainter than the talk, or too short for a word, is not heard again", () => {
  const tone = (from: number, to: number, amplitude: number, pcm: Int16Array) => {
    for (let at = from * 16; at < to * 16; at++) pcm[at] = Math.round(amplitude * Math.sin(at / 5));
  };
  const pcm = new Int16Array(16 * 10_000);
  tone(1000, 2000, 10_000, pcm);
  tone(4000, 5000, 10_000, pcm);
  const speechSpans = [
    { startMs: 1000, endMs: 2000 },
    { startMs: 4000, endMs: 5000 },
  ];
  const find = (spans: typeof speechSpans, written = [{ startMs: 1100, endMs: 2100 }]) =>
    unheardSpeech(pcm, { speechSpans: spans }, written);
  assert.deepEqual(find(speechSpans), {
    stretches: [{ firstSample: 3700 * 16, sampleCount: 1600 * 16 }],
    speech: [{ firstSample: 4000 * 16, sampleCount: 1000 * 16 }],
  });
  assert.equal(find(speechSpans, speechSpans), undefined);
  const short = { startMs: 4000, endMs: 4190 };
  assert.equal(find([...speechSpans.slice(0, 1), short]), undefined);
  tone(4000, 5000, 900, pcm);
  assert.equal(find(speechSpans), undefined);
});

test("passages that belong together are heard together, with room around; joints part them", () => {
  const pcm = new Int16Array(16 * 8000).fill(1000);
  const span = (startMs: number, endMs: number) => ({ startMs, endMs });
  const speechSpans = [span(200, 1000), span(1200, 2000), span(2400, 3000), span(4000, 5000)];
  const stretches = (jointsMs: number[]) =>
    unheardSpeech(pcm, { speechSpans, jointsMs }, [span(200, 1000)])?.stretches.map(({ firstSample, sampleCount }) => [
      firstSample / 16,
      (firstSample + sampleCount) / 16,
    ]);
  assert.deepEqual(stretches([]), [[1000, 5300]]);
  assert.deepEqual(stretches([3500]), [
    [1000, 3300],
    [3700, 5300],
  ]);
});
