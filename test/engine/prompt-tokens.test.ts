import assert from "node:assert/strict";
import { test } from "node:test";
import { LoadedModel } from "../../src/engine/loaded-model.js";
import { MODEL_PATH } from "../support/demonstration.js";
import { addonWithCpu } from "../support/native-addon.js";

const addon = addonWithCpu();
const model = new LoadedModel(addon, addon.openModel(MODEL_PATH, ""));
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
