import assert from "node:assert/strict";
import { test } from "node:test";
import { LANGUAGE_CODES, languageName, parseLanguage } from "../../src/core/languages.js";

test("codes stand in the order of Whisper's tokens", () => {
  assert.equal(LANGUAGE_CODES.length, 100);
  assert.deepEqual(
    [LANGUAGE_CODES[0], LANGUAGE_CODES[3], LANGUAGE_CODES[98], LANGUAGE_CODES[99]],
    ["en", "es", "su", "yue"],
  );
});

test("codes, names and tags are understood, whatever their case", () => {
  for (const [text, code] of [
    ["en", "en"],
    ["EN", "en"],
    ["english", "en"],
    ["English", "en"],
    ["en-US", "en"],
    ["pt_BR", "pt"],
    ["Castilian", "es"],
    ["haitian creole", "ht"],
    ["zh-Hant-TW", "zh"],
  ] as const) {
    assert.equal(parseLanguage(text), code, text);
  }
});

test("what is no language of Whisper is not guessed at", () => {
  for (const text of ["", "xx", "klingon", "e", "constructor", "__proto__", "auto"])
    assert.equal(parseLanguage(text), undefined, text);
});

test("every code and every name leads back to its code", () => {
  for (const code of LANGUAGE_CODES)
    assert.deepEqual([parseLanguage(code), parseLanguage(languageName(code))], [code, code]);
});
