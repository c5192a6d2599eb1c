import assert from "node:assert/strict";
import { test } from "node:test";
import { LANGUAGE_CODES } from "../../src/core/languages.js";
import { guessLanguages } from "../../src/engine/spoken-language.js";

const model = { languages: LANGUAGE_CODES };
const heard = (likely: Record<string, number>) =>
  Float32Array.from(LANGUAGE_CODES.map((code) => likely[code] ?? 0.001));

test("the likeliest language is taken, or the likeliest of those that the request lets through", () => {
  const probabilities = heard({ en: 0.5, de: 0.25, fr: 0.125 });
  const choose = (languages: ("en" | "de" | "fr")[]) =>
    guessLanguages(model, { language: undefined, languages }, probabilities)[0];
  assert.deepEqual(choose([]), { language: "en", probability: 0.5 });
  assert.deepEqual(choose(["fr", "de"]), { language: "de", probability: 0.25 });
  assert.deepEqual(choose(["fr"]), { language: "fr", probability: 0.125 });
});

test("a named language is not detected, and a model of English only hears English", () => {
  assert.deepEqual(guessLanguages(model, { language: "fr" }, heard({ en: 1 })), [{ language: "fr", probability: 1 }]);
  const english = guessLanguages({ languages: ["en"] }, { language: undefined }, new Float32Array(0));
  assert.deepEqual(english, [{ language: "en", probability: 1 }]);
});

test("a few more guesses are told, the likeliest first, for a vote among windows", () => {
  const guesses = guessLanguages(model, { language: undefined }, heard({ en: 0.25, de: 0.5, fr: 0.125 }));
  assert.deepEqual(guesses.slice(0, 3), [
    { language: "de", probability: 0.5 },
    { language: "en", probability: 0.25 },
    { language: "fr", probability: 0.125 },
  ]);
  assert.equal(guesses.length, 5);
});
