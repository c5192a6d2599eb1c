import assert from "node:assert/strict";
import { after, test } from "node:test";
import type { NativeSession } from "../../src/engine/addon.js";
import { newControlWords } from "../../src/engine/control-words.js";
import { editDistance } from "../../src/engine/heard-words.js";
import { LoadedModel } from "../../src/engine/loaded-model.js";
import { decodeWindow } from "../../src/engine/window-decoder.js";
import { decodeFile } from "../support/decode-file.js";
import { MODEL_PATH } from "../support/demonstration.js";
import { FIXTURES, fixtureOf } from "../support/fixtures.js";
import { addonWithCpu } from "../support/native-addon.js";
import { wordsOf } from "../support/post.js";

const addon = addonWithCpu();
const modelId = addon.openModel(MODEL_PATH, "");
const model = new LoadedModel(addon, modelId);
const opened: NativeSession[] = [];
const open = (shortWindows?: boolean) => {
  const session = addon.openSession(modelId, 1, shortWindows);
  opened.push(session);
  return session;
};
after(() => {
  for (const session of opened) session.close();
});
const control = newControlWords();
const params = { task: "transcribe", language: "en", prompt: undefined, temperature: 0 } as const;
const [short, long] = [decodeFile(fixtureOf(1, 4).path), decodeFile(fixtureOf(15, 30).path)];
const prompt = model.promptTokens("transcribe", "en", undefined);

function encode(session: NativeSession, pcm: Int16Array): NativeSession {
  session.setAudio(pcm, control);
  session.encode(0, control);
  return session;
}

/** How many positions of 20 ms were encoded: of more than that no attention can be read. */
function positionsOf(session: NativeSession): number {
  const tokens = Int32Array.of(...prompt, model.facts.endOfText);
  let [known, refused] = [0, model.facts.audioContext + 1];
  while (refused - known > 1) {
    const middle = (known + refused) >> 1;
    try {
      session.align(tokens, 0, middle, control);
      known = middle;
    } catch {
      refused = middle;
    }
  }
  return known;
}

test("a short recording is encoded as far as it goes and a little further, and only where that was asked for", () => {
  for (const shortWindows of [undefined, false]) assert.equal(positionsOf(encode(open(shortWindows), short)), 1500);
  const session = open(true);
  const positions = positionsOf(encode(session, short));
  const heard = short.length / 320;
  assert.ok(positions >= heard + 50 && positions <= heard + 50 + 256, `${positions} of ${heard}`);
  assert.ok(positionsOf(encode(session, new Int16Array(1600))) >= 100);
  assert.equal(positionsOf(encode(session, new Int16Array(480_000))), 1500);
});

test("a recording is heard in short windows too, with its words in their places", () => {
  const session = open(true);
  let [said, wrong] = [0, 0];
  for (const clip of FIXTURES.filter(({ language, durationSec }) => language === "en" && durationSec < 30)) {
    const { segments } = decodeWindow(session, model, decodeFile(clip.path), { ...params, words: true }, control);
    const heard = wordsOf(segments.map(({ text }) => text).join(" "));
    said += wordsOf(clip.text).length;
    wrong += editDistance(wordsOf(clip.text), heard);
    const words = segments.flatMap((segment) => segment.words ?? []);
    assert.equal(words.length, heard.length);
    assert.ok(words.every(({ startMs, endMs }) => startMs <= endMs && endMs <= clip.durationSec * 1000 + 50));
  }
  assert.ok(said > 30 && wrong <= said / 10, `${wrong} of ${said} words`);
});

test("what is heard does not hang on how long the windows before were", () => {
  const heard = (session: NativeSession, pcm: Int16Array) => {
    const { noSpeechProb } = encode(session, pcm).detect(control);
    const options = {
      temperature: 0,
      candidates: 1,
      seed: 0,
      maxTokens: 60,
      timestamps: true,
      maxInitialTimestamp: 50,
    };
    const { ids, logprobs } = session.decode(prompt, options, control);
    return { noSpeechProb, ids: [...ids], logprobs: [...logprobs] };
  };
  // Of 30 s: all positions are encoded.
  const whole = new Int16Array(480_000);
  whole.set(long);
  const expected = { short: heard(open(true), short), long: heard(open(true), long), whole: heard(open(), whole) };
  const session = open(true);
  for (const round of [1, 2]) {
    assert.deepEqual(heard(session, whole), expected.whole, `30 s, round ${round}`);
    assert.deepEqual(heard(session, short), expected.short, `short, round ${round}`);
    assert.deepEqual(heard(session, long), expected.long, `longer, round ${round}`);
  }
});
