import assert from "node:assert/strict";
import { test } from "node:test";
import { SottoError } from "../../src/core/errors.js";
import { ignoredByUnified, parseUnified } from "../../src/dialects/unified/parse.js";

const form = (fields: Record<string, string | string[]>) =>
  new Map(Object.entries(fields).map(([name, value]) => [name, [value].flat()]));

function refused(fields: Record<string, string>): SottoError {
  try {
    parseUnified(form(fields), "transcribe");
  } catch (error) {
    if (error instanceof SottoError) return error;
  }
  throw new Error(`${JSON.stringify(fields)} was accepted`);
}

test("no field at all means the defaults", () => {
  assert.deepEqual(parseUnified(form({}), "transcribe"), {
    task: "transcribe",
    model: undefined,
    language: undefined,
    prompt: undefined,
    temperature: 0,
    responseFormat: "json",
    timeoutMs: undefined,
  });
});

test("an empty value means absent", () => {
  const empty = { model: "", language: "", prompt: "", temperature: "", response_format: "" };
  assert.deepEqual(parseUnified(form(empty), "translate"), parseUnified(form({}), "translate"));
});

test("fields are read, and of a repeated one the last counts", () => {
  const request = parseUnified(
    form({
      model: ["a", "b"],
      language: "English",
      prompt: "né",
      temperature: "0.25",
      response_format: "vtt",
      timeout_ms: "1500",
    }),
    "transcribe",
  );
  assert.deepEqual(request, {
    task: "transcribe",
    model: "b",
    language: "en",
    prompt: "né",
    temperature: 0.25,
    responseFormat: "vtt",
    timeoutMs: 1500,
  });
  assert.equal(parseUnified(form({ language: "auto" }), "transcribe").language, undefined);
});

test("a wrong value is a 400 that names the field, what was expected and what came", () => {
  for (const [name, value, expected] of [
    ["temperature", "hot", "a number from 0 to 1"],
    ["temperature", "1.01", "a number from 0 to 1"],
    ["temperature", "-0.1", "a number from 0 to 1"],
    ["temperature", " ", "a number from 0 to 1"],
    ["temperature", "NaN", "a number from 0 to 1"],
    ["response_format", "xml", "one of json, text, srt, vtt, verbose_json"],
    ["language", "klingon", "an ISO-639-1 code"],
    ["timeout_ms", "0", "a whole number of milliseconds"],
    ["timeout_ms", "1.5", "a whole number of milliseconds"],
    ["timeout_ms", "9999999999", "a whole number of milliseconds"],
  ] as const) {
    const error = refused({ [name]: value });
    assert.deepEqual([error.status, error.code, error.param], [400, "invalid_value", name]);
    assert.ok(error.message.includes(expected) && error.message.includes(`'${value}'`), error.message);
  }
});

test("a long wrong value is cut in the message", () => {
  assert.ok(refused({ response_format: "x".repeat(10_000) }).message.length < 300);
});

test("fields without effect are named", () => {
  assert.deepEqual(ignoredByUnified(form({ model: "x", foo: "1", "timestamp_granularities[]": "word" })), [
    "foo",
    "timestamp_granularities[]",
  ]);
});
