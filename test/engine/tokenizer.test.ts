import assert from "node:assert/strict";
import { test } from "node:test";
import { LoadedModel } from "../../src/engine/loaded-model.js";
import { MODEL_PATH } from "../support/demonstration.js";
import { addonWithCpu } from "../support/native-addon.js";

const addon = addonWithCpu();
const model = new LoadedModel(addon, addon.openModel(MODEL_PATH, ""));
const { tokenizer, facts } = model;

const EXPECTED: [string, number[]][] = [
  [" three one four", [1045, 472, 1451]],
  ["Hello, world! It's 12:30.", [15947, 11, 1002, 0, 467, 311, 2272, 25, 3446, 13]],
  ["¿Qué tal, señor?", [25073, 15137, 4023, 11, 22188, 30]],
  [" naïve café — 世界", [1667, 15487, 303, 25118, 3466, 220, 24486]],
  ["antidisestablishmentarianism  x", [394, 40920, 33542, 1933, 518, 10652, 1434, 220, 2031]],
  ["🎉🎉", [28864, 231, 28864, 231]],
];

test("text becomes the tokens that OpenAI's tokenizer gives", () => {
  // tiktoken over openai/whisper's multilingual.tiktoken.
  for (const [text, ids] of EXPECTED) assert.deepEqual(tokenizer.encode(text), ids, text);
});

test("what was encoded decodes to itself", () => {
  for (const text of [
    " three one four",
    "¿Qué tal? — 世界 🎉 e\u0301",
    "\n\t  two  spaces ",
    "'s don't",
    "ﷺ".repeat(50),
  ]) {
    assert.equal(tokenizer.decode(tokenizer.encode(text)), text);
  }
});

test("a word of sixteen thousand letters is encoded within a second", () => {
  // Of the processor: what else the machine does is not the question.
  const before = process.cpuUsage();
  assert.ok(tokenizer.encode("a".repeat(16_000)).length > 0);
  assert.ok(process.cpuUsage(before).user < 1_000_000);
});

test("special tokens and timestamps have no text", () => {
  assert.equal(tokenizer.decode([facts.startOfTranscript, facts.timestampBegin + 5, facts.endOfText]), "");
});

test("a character that is split between tokens is whole in the text", () => {
  const ids = tokenizer.encode("🎉");
  assert.ok(ids.length > 1);
  assert.equal(tokenizer.decode(ids), "🎉");
});

test("the prompt is cut to its last 224 tokens and leaves room for the transcript", () => {
  const prompt = model.promptTokens("translate", "de", "one two ".repeat(500));
  assert.equal(prompt.length, 1 + 224 + 3);
  assert.equal(prompt[0], facts.startOfPrev);
  assert.deepEqual([...prompt.slice(-3)], [facts.startOfTranscript, facts.startOfTranscript + 3, facts.translate]);
  assert.equal(model.maxTokens(prompt.length), 220);
  assert.equal(model.promptTokens("transcribe", "en", "  ").length, 3);
});
