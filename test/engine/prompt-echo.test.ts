import assert from "node:assert/strict";
import { test } from "node:test";
import { echoesPrompt, isSameSpeech } from "../../src/engine/prompt-echo.js";

test("a text that is the prompt, or mostly a run of its words, repeats it", () => {
  const prompt = "Welcome to the weekly meeting of the harbour board.";
  assert.ok(echoesPrompt(" Welcome to the weekly meeting of the harbour board.", prompt));
  assert.ok(echoesPrompt(" the weekly meeting of the harbor", prompt));
  assert.ok(echoesPrompt("Sotto, Zürich", "sotto zürich"));
  assert.ok(echoesPrompt("欢迎参加会议", "欢迎参加会议。"));
});

test("a few words of it do not", () => {
  const prompt = "Welcome to the weekly meeting of the harbour board.";
  assert.ok(!echoesPrompt("The weekly numbers are in.", prompt));
  assert.ok(!echoesPrompt("We spoke about the weekly meeting of last year and many other things", prompt));
  assert.ok(!echoesPrompt("Zürich", "Zürich"));
  assert.ok(!echoesPrompt("", prompt));
  assert.ok(!echoesPrompt("anything at all", ""));
});

test("the same speech may be spelt otherwise; other speech is other speech", () => {
  assert.ok(isSameSpeech(" Zürich and Sotto", "zurich and soto"));
  assert.ok(!isSameSpeech("Welcome to the weekly meeting", "three one four"));
  assert.ok(!isSameSpeech("Welcome to the weekly meeting", ""));
  assert.ok(isSameSpeech("", " "));
});
