import assert from "node:assert/strict";
import { after, test } from "node:test";
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
const model = new LoadedModel(addon, addon.openModel(MODEL_PATH, ""));
const session = addon.openSession(model.id, 1);
after(() => session.close());
const ROOM = 224;

function textBefore(prompt: string | undefined, keywords: string[]): string {
  return model.tokenizer.decode([...model.promptTokens("transcribe", "en", prompt, keywords)]);
}

test("keywords stand before the prompt, in every request that has them", () => {
  assert.equal(textBefore("Good day.", ["Sotto", "Zürich"]), " Sotto, Zürich Good day.");
  assert.equal(textBefore(undefined, ["Sotto"]), " Sotto");
  assert.equal(textBefore("Good day.", []), " Good day.");
});

test("both keep within the room: half for keywords at most, the end of the prompt in the rest", () => {
  const many = Array.from({ length: 500 }, (_, index) => `word${index}`);
  const prompt = Array.from({ length: 500 }, (_, index) => `said${index}`).join(" ");
  for (const [text, keywords] of [
    [prompt, many],
    [prompt, []],
    [undefined, many],
  ] as const) {
    const tokens = [...model.promptTokens("transcribe", "en", text, keywords)];
    assert.equal(tokens.indexOf(model.facts.startOfTranscript), ROOM + 1);
  }
  const both = textBefore(prompt, many);
  assert.ok(both.startsWith(" word0, word1") && both.endsWith(" said499"), both);
});

test("every pass over every window is given both", () => {
  const clip = fixtureOf(60, 90);
  const recording = decodeFile(clip.path);
  const given: string[] = [];
  const watched = wrappedSession(session, {
    decode: (tokens, ...rest) => {
      given.push(model.tokenizer.decode([...tokens]));
      return session.decode(tokens, ...rest);
    },
  });
  const params = {
    task: "transcribe",
    language: "en",
    temperature: 0,
    prompt: "Good day.",
    keywords: ["Sotto"],
  } as const;
  let windows = 0;
  for (let first = 0; recording.length - first > 16_000; first += 480_000) {
    decodeWindow(watched, model, recording.subarray(first, first + 480_000), params, newControlWords());
    windows++;
  }
  assert.ok(windows >= 3 && given.length >= windows);
  assert.ok(
    given.every((text) => text === " Sotto Good day."),
    JSON.stringify(given),
  );
});

test("a full prompt leaves half of the room for the transcript, and what is said is still heard", () => {
  const clip = fixtureOf(4, 8);
  const long = Array.from({ length: 5000 }, (_, index) => `word${index}`);
  for (const [prompt, keywords] of [
    [long.join(" "), long],
    ["x".repeat(100_000), []],
    [undefined, ["🙂".repeat(5000)]],
    ["   ", ["", " "]],
  ] as const) {
    const tokens = model.promptTokens("transcribe", "en", prompt, keywords);
    assert.ok(tokens.length <= ROOM + 4 && model.maxTokens(tokens.length) >= 220, String(tokens.length));
    const params = { task: "transcribe", language: "en", temperature: 0, prompt, keywords } as const;
    const { segments } = decodeWindow(session, model, decodeFile(clip.path), params, newControlWords());
    assert.ok(wordsOf(segments.map(({ text }) => text).join(" ")).length >= clip.text.split(" ").length - 1);
  }
});
