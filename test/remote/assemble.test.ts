import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULT_REQUEST, type TranscribeRequest } from "../../src/core/request.js";
import { transcriptText } from "../../src/core/result.js";
import { assembleTranscript, spacedTexts } from "../../src/remote/assemble.js";
import type { Heard } from "../../src/remote/heard.js";

const KNOWN = { provider: "one", model: "theirs", durationMs: 5000, elapsedMs: 10 };
const assemble = (heard: Partial<Heard>, request: Partial<TranscribeRequest> = {}, known = {}) =>
  assembleTranscript({ text: "Hello.", ...heard }, { ...DEFAULT_REQUEST, ...request }, { ...KNOWN, ...known });
const texts = (...all: string[]) => all.map((text) => ({ text }));

test("segments joined are the whole text, whether they came with their spaces or without", () => {
  const cases: [string[], string, string[]][] = [
    [["Hello.", "Good bye."], "Hello. Good bye.", [" Hello.", " Good bye."]],
    [[" Hello.", " Good bye."], " Hello. Good bye.", [" Hello.", " Good bye."]],
    [["こん", "にちは"], "こんにちは", [" こん", "にちは"]],
    [["Hel", "lo"], "Hello", [" Hel", "lo"]],
    [["a", "a", "a"], "a a\na", [" a", " a", "\na"]],
    [["One", "Two"], "One", [" One", " Two"]],
    [["One", "Two"], "One and Two", [" One", " Two"]],
    [["One", " Two"], "Another text", ["One", " Two"]],
  ];
  for (const [given, whole, expected] of cases) assert.deepEqual(spacedTexts(texts(...given), whole), expected);
});

test("the length is the reply's, else the known one, else what is billed, else the last time", () => {
  const segments = [{ startMs: 0, endMs: 700, text: "Hello." }];
  const length = (heard: Partial<Heard>, known = {}) => assemble(heard, {}, known).durationMs;
  assert.equal(length({ durationMs: 1234, billedMs: 2000, segments }), 1234);
  assert.equal(length({ billedMs: 2000, segments }), 5000);
  assert.equal(length({ billedMs: 2000, segments }, { durationMs: undefined }), 2000);
  assert.equal(length({ segments }, { durationMs: undefined }), 700);
  assert.equal(length({}, { durationMs: undefined }), 0);
});

test("without segments there is one of the whole, and none of silence", () => {
  assert.deepEqual(
    assemble({}).segments.map(({ startMs, endMs, text }) => [startMs, endMs, text]),
    [[0, 5000, " Hello."]],
  );
  assert.deepEqual(assemble({ text: " " }).segments, []);
  assert.deepEqual(assemble({ text: "", segments: [{ startMs: 0, endMs: 1, text: " " }] }).segments, []);
  assert.equal(transcriptText(assemble({ segments: [] })), "Hello.");
});

test("the language is the client's, else the reply's by code or name, else English", () => {
  const language = (heard: Partial<Heard>, request = {}) => assemble(heard, request).language;
  assert.equal(language({ language: "german" }), "de");
  assert.equal(language({ language: "de-DE" }), "de");
  assert.equal(language({ language: "klingon" }), "en");
  assert.equal(language({}), "en");
  assert.equal(language({ language: "en" }, { language: "fr" }), "fr");
  assert.equal(language({ language: "english" }, { task: "translate" }), "en");
});

test("a model's name that no header can hold is not repeated", () => {
  const model = (asked: string, told?: string) => assemble({ model: told }, {}, { model: asked }).model;
  assert.equal(model("theirs", "other"), "theirs");
  assert.equal(model("", "other"), "other");
  assert.equal(model("", "a\r\nset-cookie: x"), "default");
  assert.equal(model(""), "default");
});
