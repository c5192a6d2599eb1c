import assert from "node:assert/strict";
import { once } from "node:events";
import { after, test } from "node:test";
import { Worker } from "node:worker_threads";
import type { NativeDecodeOptions, NativeSession } from "../../src/engine/addon.js";
import { LoadedModel } from "../../src/engine/loaded-model.js";
import { decodeFile } from "../support/decode-file.js";
import { MODEL_PATH } from "../support/demonstration.js";
import { FIXTURES, fixtureOf } from "../support/fixtures.js";
import { addonWithCpu } from "../support/native-addon.js";

const addon = addonWithCpu();
const modelId = addon.openModel(MODEL_PATH, "");
const model = new LoadedModel(addon, modelId);
const session = addon.openSession(modelId, 1);
after(() => session.close());

const go = new Int32Array(new SharedArrayBuffer(4));
const stop = new Int32Array(new SharedArrayBuffer(4)).fill(1);
const speech = decodeFile(fixtureOf(4, 8).path);
const greedy: NativeDecodeOptions = {
  temperature: 0,
  candidates: 1,
  seed: 0,
  maxTokens: 224,
  timestamps: true,
  maxInitialTimestamp: 50,
};
const prompt = model.promptTokens("transcribe", "en", undefined);

function transcribe(on: NativeSession, pcm: Int16Array, tokens: Int32Array = prompt) {
  on.setAudio(pcm, go);
  on.encode(0, go);
  const { ids, logprobs } = on.decode(tokens, { ...greedy, maxTokens: model.maxTokens(tokens.length) }, go);
  return { ids: [...ids], logprobs: [...logprobs] };
}
const expected = transcribe(session, speech);

function refused(call: () => unknown, code = "invalid_argument"): void {
  assert.throws(call, (error: unknown) => {
    const { code: received, message } = error as { code?: string; message: string };
    assert.equal(received, code, message);
    return message.length > 0;
  });
}

test("numbers that are none, infinite or beyond 32 bits are refused, and the session works on", () => {
  session.setAudio(speech, go);
  session.encode(0, go);
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -1, -(2 ** 31), 2 ** 31]) {
    for (const name of ["temperature", "candidates", "maxTokens"] as const) {
      refused(() => session.decode(prompt, { ...greedy, [name]: value }, go));
    }
    refused(() => addon.openSession(modelId, value));
    refused(() => addon.openSession(value, 1));
  }
  for (const offset of [-1, -(2 ** 31), 2 ** 31 - 1, 3000, Math.ceil(speech.length / 160) + 1]) {
    refused(() => session.encode(offset, go));
    session.encode(0, go);
  }
  // No number at all for the last timestamp allowed means the first one, which is harmless.
  session.decode(prompt, { ...greedy, maxInitialTimestamp: Number.NaN, maxTokens: 3 }, go);
  refused(() => session.decode(prompt, { ...greedy, maxInitialTimestamp: 2 ** 31 - 1 }, go));
  session.decode(prompt, { ...greedy, maxInitialTimestamp: 1500, seed: -1, maxTokens: 3 }, go);
  assert.deepEqual(transcribe(session, speech), expected);
});

test("a temperature too small to tell tokens apart is greedy, not silent", () => {
  session.setAudio(speech, go);
  session.encode(0, go);
  for (const temperature of [1e-300, 1e-40, 1e-20, 1e-7, 1e-5]) {
    assert.deepEqual([...session.decode(prompt, { ...greedy, temperature }, go).ids], expected.ids);
  }
});

test("arguments of another type are refused", () => {
  const anything = session as unknown as Record<string, (...args: unknown[]) => unknown>;
  const wrong: unknown[] = [undefined, null, 7, "speech", {}, [], new Float32Array(16_000), new Int32Array(0).buffer];
  const calls: ((value: unknown) => unknown)[] = [
    (value) => anything.setAudio?.(value, go),
    (value) => anything.setAudio?.(speech, value),
    (value) => anything.decode?.(value, greedy, go),
    (value) => anything.decode?.(prompt, value, go),
    (value) => anything.decode?.(prompt, { ...greedy, candidates: value === 7 ? "7" : value }, go),
    (value) => anything.encode?.(value === 7 ? "7" : value, go),
    (value) => addon.openModel(value === "speech" ? (7 as unknown as string) : (value as string), ""),
  ];
  for (const call of calls) {
    session.setAudio(speech, go);
    session.encode(0, go);
    // Some of the codes are napi-rs's own.
    for (const value of wrong) assert.throws(() => call(value), Error, String(value));
  }
  assert.deepEqual(transcribe(session, speech), expected);
});

test("every call on a closed session says that it is closed", () => {
  const closed = addon.openSession(modelId, 1);
  closed.setAudio(speech, go);
  closed.encode(0, go);
  closed.close();
  refused(() => closed.setAudio(speech, go));
  refused(() => closed.encode(0, go));
  refused(() => closed.detect(go));
  refused(() => closed.decode(prompt, greedy, go));
  refused(() => closed.timings());
  refused(() => closed.clear());
  closed.close();
});

test("every call on a session without audio is refused, whether it is new, cleared or was refused its last audio", () => {
  const states: ((on: NativeSession) => void)[] = [
    () => {},
    (on) => {
      transcribe(on, speech);
      on.clear();
    },
    (on) => {
      transcribe(on, speech);
      refused(() => on.setAudio(new Int16Array(0), go));
    },
    (on) => {
      transcribe(on, speech);
      refused(() => on.setAudio(speech, stop), "cancelled");
      on.clear();
    },
  ];
  for (const bringAbout of states) {
    const other = addon.openSession(modelId, 1);
    bringAbout(other);
    refused(() => other.encode(0, go));
    refused(() => other.detect(go));
    refused(() => other.decode(prompt, greedy, go));
    other.close();
  }
});

test("what a session heard before changes nothing of what it hears next", () => {
  const noise = Int16Array.from({ length: 480_000 }, (_, at) => ((at * 7919) % 20_011) - 10_000);
  const befores: (() => void)[] = [
    () => transcribe(session, noise),
    () => transcribe(session, speech.subarray(0, 1600)),
    () => session.clear(),
    () => refused(() => session.setAudio(noise, stop), "cancelled"),
    () => {
      session.setAudio(noise, go);
      refused(() => session.encode(0, stop), "cancelled");
    },
    () => {
      session.setAudio(noise, go);
      session.encode(0, go);
      refused(() => session.decode(prompt, greedy, stop), "cancelled");
    },
  ];
  for (const before of befores) {
    before();
    assert.deepEqual(transcribe(session, speech), expected);
  }
});

test("windows of 100 to 150 ms, at which whisper.cpp's own time alignment aborts, are decoded", () => {
  for (const sampleCount of [1600, 1601, 1920, 2240, 2241, 2400]) {
    const { ids } = transcribe(session, speech.subarray(8000, 8000 + sampleCount));
    assert.ok(ids.length > 0, `${sampleCount} samples`);
  }
});

test("a prompt of one word of 16,000 letters, and one of 100 kB, are decoded after", () => {
  for (const text of [
    "a".repeat(16_000),
    "ﷺ".repeat(16_000),
    "one two ".repeat(12_500),
    "\0\u{ffff}\ud800".repeat(33_000),
  ]) {
    const tokens = model.promptTokens("transcribe", "en", text);
    assert.ok(tokens.length <= 224 + 4);
    transcribe(session, speech, tokens);
  }
});

test("whatever tokens of the vocabulary a prompt holds, it is decoded after", () => {
  const { vocabSize, textContext, endOfText } = model.facts;
  for (const token of [0, endOfText, vocabSize - 1]) {
    for (const length of [1, textContext - 1]) {
      session.setAudio(speech, go);
      session.encode(0, go);
      session.decode(new Int32Array(length).fill(token), { ...greedy, maxTokens: 1 }, go);
    }
    refused(() => session.decode(new Int32Array(textContext).fill(token), { ...greedy, maxTokens: 1 }, go));
  }
  for (const token of [-1, vocabSize, 2 ** 31 - 1, -(2 ** 31)]) {
    refused(() => session.decode(Int32Array.of(...prompt, token), greedy, go));
  }
  assert.deepEqual(transcribe(session, speech), expected);
});

test("a model that is closed lives on in its sessions, and nobody else finds it", () => {
  const otherId = addon.openModel(MODEL_PATH, "");
  const other = addon.openSession(otherId, 1);
  addon.closeModel(otherId);
  addon.closeModel(otherId);
  refused(() => addon.openSession(otherId, 1));
  refused(() => addon.modelFacts(otherId));
  refused(() => addon.vocabulary(otherId));
  assert.deepEqual(transcribe(other, speech), expected);
  other.close();
});

test("a folder and an empty name are no models, and names too long for whisper.cpp's log do not end the process", () => {
  for (const path of ["/", "", "x".repeat(900)]) refused(() => addon.openModel(path, ""), "load_failed");
  for (const length of [901, 990, 1024, 4096, 1_000_000]) refused(() => addon.openModel("x".repeat(length), ""));
});

test("a session that is sent to another thread arrives as an object that can do nothing", () => {
  assert.deepEqual(Object.keys(structuredClone(session)), []);
  assert.equal((structuredClone(session) as { encode?: unknown }).encode, undefined);
});

test("threads that decode with one model at the same time hear each its own", async () => {
  const clips = FIXTURES.filter(({ durationSec }) => durationSec < 10).slice(0, 4);
  const program = `
    const { parentPort, workerData: { addonUrl, modelId, pcm, prompt, options } } = require("node:worker_threads");
    import(addonUrl).then(({ loadAddon }) => {
      const session = loadAddon().openSession(modelId, 1);
      const go = new Int32Array(1);
      const heard = [];
      for (let round = 0; round < 3; round++) {
        session.setAudio(pcm, go);
        session.encode(0, go);
        heard.push([...session.decode(prompt, options, go).ids].join());
      }
      parentPort.postMessage(heard);
    });`;
  const addonUrl = new URL("../../src/engine/addon.js", import.meta.url).href;
  const heard = clips.map(async ({ path }) => {
    const workerData = { addonUrl, modelId, pcm: decodeFile(path), prompt, options: greedy };
    const [rounds] = (await once(new Worker(program, { eval: true, workerData }), "message")) as [string[]];
    return rounds;
  });
  for (const [index, rounds] of (await Promise.all(heard)).entries()) {
    const alone = transcribe(session, decodeFile(clips[index]?.path as string)).ids.join();
    assert.deepEqual(rounds, [alone, alone, alone]);
  }
});
