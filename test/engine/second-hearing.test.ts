import assert from "node:assert/strict";
import { after, test } from "node:test";
import type { NativeSession } from "../../src/engine/addon.js";
import { newControlWords } from "../../src/engine/control-words.js";
import { LoadedModel } from "../../src/engine/loaded-model.js";
import { agrees, isHeardAt } from "../../src/engine/second-hearing.js";
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
const params = { task: "transcribe", language: "en", prompt: undefined, temperature: 0 } as const;
const clip = fixtureOf(2, 3);
const speech = decodeFile(clip.path);
const { timestampBegin } = model.facts;
const textOf = (segments: readonly { text: string }[]) =>
  segments
    .map(({ text }) => text)
    .join("")
    .trim();

/** Doubts what it says the first time; `invented` is said instead of what is heard. */
function doubting(invented?: string): { session: NativeSession; encodings: number[] } {
  const encodings: number[] = [];
  let decodings = 0;
  return {
    encodings,
    session: wrappedSession(session, {
      encode: (offset, ...rest) => {
        encodings.push(offset);
        session.encode(offset, ...rest);
      },
      decode: (...args) => {
        if (decodings++ > 0) return session.decode(...args);
        const decoded = session.decode(...args);
        const ids = invented
          ? Int32Array.of(timestampBegin + 20, ...model.tokenizer.encode(` ${invented}`), timestampBegin + 60)
          : decoded.ids;
        return { ids, logprobs: new Float32Array(ids.length).fill(-0.6), ended: true, endLogprob: -0.6 };
      },
    }),
  };
}

test("text that the model doubts and does not write again is dropped and told", () => {
  const { session: own, encodings } = doubting("seven six");
  const { segments, suppressed, fallbacks } = decodeWindow(own, model, new Int16Array(80_000), params, control);
  assert.deepEqual(segments, []);
  assert.deepEqual(suppressed, [
    { startMs: 400, endMs: 1200, reason: "unconfirmed", action: "dropped", text: "seven six" },
  ]);
  assert.equal(fallbacks, 0);
  assert.deepEqual(encodings, [0, 7]);
});

test("what is said is heard again and kept, with the words that it had", () => {
  for (const words of [false, true]) {
    const sure = decodeWindow(session, model, speech, { ...params, words }, control);
    const { session: own, encodings } = doubting();
    const doubted = decodeWindow(own, model, speech, { ...params, words }, control);
    const bare = (result: typeof sure) => result.segments.map(({ avgLogprob: _, ...segment }) => segment);
    assert.equal(textOf(doubted.segments), clip.text);
    assert.deepEqual(bare(doubted), bare(sure));
    assert.deepEqual(doubted.suppressed, []);
    assert.deepEqual(encodings, words ? [0, 7, 13, 0] : [0, 7, 13]);
  }
});

test("two hearings agree when half of their words do, and a segment needs something at its time", () => {
  const heard = (startMs: number, endMs: number, text: string) => ({ startMs, endMs, text });
  const again = [heard(1000, 2000, "seven six"), heard(8000, 9000, "eight")];
  assert.ok(agrees(" Seven, six. Eight!", again));
  assert.ok(agrees(" seven nine eight nine", again));
  assert.ok(!agrees(" three zero one one", again));
  assert.ok(!agrees(" seven", []));
  assert.ok(isHeardAt({ startMs: 2200, endMs: 2800 }, again));
  assert.ok(!isHeardAt({ startMs: 4000, endMs: 5000 }, again));
});

test("very short sounds are heard again too", () => {
  const { session: own, encodings } = doubting("one");
  decodeWindow(own, model, new Int16Array(1600), params, control);
  assert.deepEqual(encodings, [0, 2]);
});
