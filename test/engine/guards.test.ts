import assert from "node:assert/strict";
import { join } from "node:path";
import { after, type TestContext, test } from "node:test";
import type { NativeSession } from "../../src/engine/addon.js";
import { newControlWords } from "../../src/engine/control-words.js";
import { LoadedModel } from "../../src/engine/loaded-model.js";
import { decodeWindow } from "../../src/engine/window-decoder.js";
import { temporaryFolder } from "../catalog/temporary-folder.js";
import { NO_SPEECH, writeConstantModel } from "../support/constant-model.js";
import { decodeFile } from "../support/decode-file.js";
import { MODEL_PATH } from "../support/demonstration.js";
import { fixtureOf } from "../support/fixtures.js";
import { addonWithCpu } from "../support/native-addon.js";
import { wrappedSession } from "../support/wrapped-session.js";

const addon = addonWithCpu();
const modelId = addon.openModel(MODEL_PATH, "");
const model = new LoadedModel(addon, modelId);
const session = addon.openSession(modelId, 1);
after(() => session.close());
const control = newControlWords();
const params = { task: "transcribe", language: "en", prompt: undefined, temperature: 0 } as const;
const clip = fixtureOf(2, 3);
const speech = decodeFile(clip.path);
const textOf = (segments: readonly { text: string }[]) =>
  segments
    .map(({ text }) => text)
    .join("")
    .trim();

/** Two seconds of nothing, decoded by a model that always thinks the same. */
async function decodeConstantly(context: TestContext, logits: Map<number, number>) {
  const path = join(await temporaryFolder(context), "ggml-constant.bin");
  writeConstantModel(path, logits);
  const id = addon.openModel(path, "");
  const own = addon.openSession(id, 1);
  context.after(() => {
    own.close();
    addon.closeModel(id);
  });
  return decodeWindow(own, new LoadedModel(addon, id), new Int16Array(32_000), params, control);
}
const letter = (name: string) => name.charCodeAt(0);

test("text that repeats itself without end is tried at all temperatures, then kept once, and each is told", async (context) => {
  const { segments, suppressed, fallbacks } = await decodeConstantly(context, new Map([[letter("h"), 20]]));
  assert.equal(textOf(segments), "h");
  assert.equal(fallbacks, 5);
  assert.deepEqual(
    suppressed.map(({ reason, action, startMs, endMs }) => ({ reason, action, startMs, endMs })),
    [
      ...new Array(5).fill({ reason: "repetition", action: "retried", startMs: 0, endMs: 2000 }),
      { reason: "repetition", action: "dropped", startMs: 0, endMs: 2000 },
    ],
  );
  assert.ok(suppressed.every(({ text }) => /^h{50,}$/.test(text)));
});

test("text that the model doubts, where it hears no speech, is dropped and told", async (context) => {
  const sure = new Map([
    [NO_SPEECH, 20],
    [letter("h"), 1],
  ]);
  const { segments, suppressed, fallbacks } = await decodeConstantly(context, sure);
  assert.deepEqual(segments, []);
  assert.equal(fallbacks, 0);
  const [dropped, ...others] = suppressed;
  assert.deepEqual(others, []);
  assert.ok(dropped?.text.startsWith("h"));
  assert.deepEqual(
    { ...dropped, text: "" },
    { startMs: 0, endMs: 2000, reason: "no_speech", action: "dropped", text: "" },
  );
});

test("segments where nobody speaks are dropped and told; those that speech touches stay", () => {
  const all = decodeWindow(session, model, speech, params, control);
  const [first, ...others] = all.segments;
  assert.ok(first && others.length === 2);
  const speechSpans = [{ startMs: first.startMs, endMs: first.endMs - 250 }];
  for (const words of [false, true]) {
    const { segments, suppressed } = decodeWindow(session, model, speech, { ...params, speechSpans, words }, control);
    assert.equal(textOf(segments), first.text.trim());
    assert.deepEqual(
      suppressed,
      others.map(({ startMs, endMs, text }) => ({
        startMs,
        endMs,
        reason: "outside_speech",
        action: "dropped",
        text: text.trim(),
      })),
    );
    for (const word of segments.flatMap((segment) => segment.words ?? [])) {
      assert.ok(word.startMs >= first.startMs && word.endMs <= first.endMs - 250);
    }
  }
  assert.deepEqual(decodeWindow(session, model, speech, { ...params, speechSpans: [] }, control).segments, []);
});

/** A session that says the prompt wherever there is one, and what it hears where there is none. */
function parrot(prompt: string): { session: NativeSession; decodings: () => number } {
  let decodings = 0;
  const echo = Int32Array.of(
    model.facts.timestampBegin,
    ...model.tokenizer.encode(` ${prompt}`),
    model.facts.timestampBegin + 50,
  );
  const decode: NativeSession["decode"] = (tokens, ...rest) => {
    decodings++;
    if (tokens[0] !== model.facts.startOfPrev) return session.decode(tokens, ...rest);
    return { ids: echo, logprobs: new Float32Array(echo.length).fill(-0.1), ended: true, endLogprob: -0.1 };
  };
  return { session: wrappedSession(session, { decode }), decodings: () => decodings };
}

test("a prompt that comes back instead of what was said is told, and what was said stands in its place", () => {
  for (const given of [
    { prompt: "The meeting begins at ten in the large hall." },
    { keywords: ["Sotto", "Zürich", "whisper", "subtitle"] },
  ]) {
    const echoed = given.prompt ?? given.keywords?.join(", ") ?? "";
    const { segments, suppressed } = decodeWindow(
      parrot(echoed).session,
      model,
      speech,
      { ...params, ...given },
      control,
    );
    assert.equal(textOf(segments), clip.text);
    assert.deepEqual(
      suppressed.map(({ reason, action, text }) => ({ reason, action, text })),
      [{ reason: "prompt_echo", action: "retried", text: echoed }],
    );
  }
});

test("a prompt that was really said is heard twice, and kept", () => {
  const watched = parrot(clip.text);
  const { segments, suppressed } = decodeWindow(
    watched.session,
    model,
    speech,
    { ...params, prompt: clip.text },
    control,
  );
  assert.equal(textOf(segments), clip.text);
  assert.deepEqual(suppressed, []);
  assert.equal(watched.decodings(), 2);
});

test("a text that has only a few words of the prompt is heard once", () => {
  const watched = parrot("three one");
  const prompt = "On the first day three one-hour talks are given.";
  decodeWindow(watched.session, model, speech, { ...params, prompt }, control);
  assert.equal(watched.decodings(), 1);
});

test("good speech is held back nowhere, whatever is known about where it is", () => {
  const everywhere = [{ startMs: 0, endMs: 3000 }];
  for (const speechSpans of [undefined, everywhere]) {
    const given = { ...params, ...(speechSpans ? { speechSpans } : {}) };
    const { segments, suppressed, fallbacks } = decodeWindow(session, model, speech, given, control);
    assert.equal(textOf(segments), clip.text);
    assert.deepEqual([suppressed, fallbacks], [[], 0]);
  }
});
