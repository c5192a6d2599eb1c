import assert from "node:assert/strict";
import { after, test } from "node:test";
import type { NativeSession } from "../../src/engine/addon.js";
import { newControlWords } from "../../src/engine/control-words.js";
import { LoadedModel } from "../../src/engine/loaded-model.js";
import { decodeWindow } from "../../src/engine/window-decoder.js";
import { decodeFile } from "../support/decode-file.js";
import { MODEL_PATH } from "../support/demonstration.js";
import { fixtureOf } from "../support/fixtures.js";
import { addonWithCpu } from "../support/native-addon.js";
import { wordsOf } from "../support/post.js";
import { wrappedSession } from "../support/wrapped-session.js";

const addon = addonWithCpu();
const modelId = addon.openModel(MODEL_PATH, "");
const model = new LoadedModel(addon, modelId);
const session = addon.openSession(modelId, 1);
after(() => session.close());
const control = newControlWords();
const clip = fixtureOf(3, 8);
const speech = decodeFile(clip.path);
const params = { task: "transcribe", language: undefined, prompt: undefined, temperature: 0 } as const;

/** The session, with the names of its calls written down. */
function recording(calls: string[]): NativeSession {
  return wrappedSession(session, {
    encode: (...args) => {
      calls.push("encode");
      session.encode(...args);
    },
    detect: (...args) => {
      calls.push("detect");
      return session.detect(...args);
    },
  });
}

test("a window whose language is detected is encoded once, as one whose language is named", () => {
  for (const language of [undefined, "en"] as const) {
    const calls: string[] = [];
    const { segments } = decodeWindow(recording(calls), model, speech, { ...params, language }, control);
    assert.deepEqual(wordsOf(segments.map(({ text }) => text).join(" ")), wordsOf(clip.text));
    assert.deepEqual(calls, ["encode", "detect"]);
  }
});

test("no-speech is heard in silence and not in speech, whether the language is named or not", () => {
  for (const language of [undefined, "en"] as const) {
    const { segments } = decodeWindow(session, model, speech, { ...params, language }, control);
    assert.ok(segments.length > 0 && segments.every(({ noSpeechProb }) => noSpeechProb < 0.1));
    assert.deepEqual(
      decodeWindow(session, model, new Int16Array(80_000), { ...params, language }, control).segments,
      [],
    );
  }
  const noSpeech = (pcm: Int16Array) => {
    session.setAudio(pcm, control);
    session.encode(0, control);
    return session.detect(control).noSpeechProb;
  };
  // 1 / 51,865 is what a row of logits that nobody wrote comes to.
  assert.ok(noSpeech(new Int16Array(80_000)) > 0.5);
  assert.ok(noSpeech(speech) < 0.1 && Math.abs(noSpeech(speech) - 1 / model.facts.vocabSize) > 1e-7);
});
