import assert from "node:assert/strict";
import { test } from "node:test";
import { ERRORS, type ErrorCode, SottoError, sottoError } from "../../src/core/errors.js";
import { DEFAULT_REQUEST } from "../../src/core/request.js";
import { comet } from "../../src/dialects/comet/comet.js";
import { cortecs } from "../../src/dialects/cortecs/cortecs.js";
import type { Dialect } from "../../src/dialects/dialect.js";
import { openai } from "../../src/dialects/openai/openai.js";
import { ignoredFields } from "../../src/dialects/parse-fields.js";
import { together } from "../../src/dialects/together/together.js";
import { SPANISH } from "../../src/dialects/v2/spanish.js";
import { v2 } from "../../src/dialects/v2/v2.js";
import { SILENCE, STAMP } from "../render/sample-transcript.js";
import { form, HEAD } from "../support/form.js";

type Fields = Record<string, string | string[]>;
const parse = (dialect: Dialect, fields: Fields) => dialect.parse(form(fields), "transcribe", HEAD);
function refused(dialect: Dialect, fields: Fields, head = HEAD): SottoError {
  try {
    dialect.parse(form(fields), "transcribe", head);
  } catch (error) {
    if (error instanceof SottoError) return error;
  }
  throw new Error(`${dialect.name} accepted ${JSON.stringify(fields)}`);
}

test("openai: language auto is refused, and whisper-1 does not stream", () => {
  assert.equal(refused(openai, { language: "auto" }).param, "language");
  assert.equal(parse(openai, { stream: "true", model: "whisper-1" }).stream, false);
  assert.equal(parse(openai, { stream: "true", model: "whisper-1", response_format: "verbose_json" }).stream, false);
  assert.equal(parse(openai, { stream: "true", model: "gpt-4o-transcribe" }).stream, true);
  assert.equal(openai.maxFileBytes, 26_214_400);
});

test("openai: the router's fields and the number of speakers have no effect", () => {
  const fields: Fields = { preference: "speed", eu_native: "x", min_speakers: "x", allow_quantization: "false" };
  assert.deepEqual(parse(openai, fields), DEFAULT_REQUEST);
  assert.deepEqual(ignoredFields(openai.fields, form(fields), { hasProviders: true }), Object.keys(fields));
  assert.equal(refused(openai, { "include[]": "diagnostics" }).param, "include");
});

test("cortecs: the model has to be named, and the router's fields are read", () => {
  assert.equal(refused(cortecs, {}).param, "model");
  assert.equal(refused(cortecs, { model: "" }).param, "model");
  const request = parse(cortecs, { model: "x", preference: "speed", "allowed_providers[]": ["ovh", "scaleway"] });
  assert.deepEqual([request.preference, request.allowedProviders], ["speed", ["ovh", "scaleway"]]);
  assert.equal(parse(cortecs, { model: "x", stream: "true" }).stream, false);
});

test("comet: the model is whisper-1 unless named, and only the six old fields count", () => {
  assert.deepEqual(parse(comet, {}), { ...DEFAULT_REQUEST, model: "whisper-1" });
  const more: Fields = {
    stream: "true",
    "include[]": "logprobs",
    "timestamp_granularities[]": "word",
    timeout_ms: "1",
  };
  assert.deepEqual(parse(comet, more), { ...DEFAULT_REQUEST, model: "whisper-1" });
  assert.equal(refused(comet, { response_format: "diarized_json" }).param, "response_format");
});

test("together: English unless it is told otherwise, auto detects, and words without verbose_json are no fault", () => {
  const preset = { ...DEFAULT_REQUEST, model: "openai/whisper-large-v3", language: "en" as const };
  assert.deepEqual(parse(together, {}), preset);
  assert.equal(parse(together, { language: "auto" }).language, undefined);
  assert.equal(parse(together, { language: "de" }).language, "de");
  assert.deepEqual(parse(together, { timestamp_granularities: '["word","segment"]' }).granularities, [
    "word",
    "segment",
  ]);
  assert.equal(refused(together, { response_format: "text" }).param, "response_format");
  assert.equal(refused(together, { min_speakers: "3", max_speakers: "2" }).param, "min_speakers");
});

test("v2: fields have names and limits of their own, and channel is where the request comes from", () => {
  const request = parse(v2, { aiModelId: "a", prompt: "x".repeat(256), userIdentifier: "me", channel: "web" });
  assert.deepEqual(
    [request.model, request.prompt?.length, request.user, request.origin, request.channel],
    ["a", 256, "me", "web", "mix"],
  );
  assert.equal(parse(v2, { modelId: "b", aiModelId: "a" }).model, "b");
  assert.equal(refused(v2, { prompt: "x".repeat(257) }).param, "prompt");
  assert.equal(refused(v2, { userIdentifier: "x".repeat(101) }).param, "userIdentifier");
  assert.equal(parse(v2, { prompt: "👋".repeat(256) }).prompt?.length, 512, "a character is a character");
  assert.deepEqual(
    ignoredFields(v2.fields, form({ model: "x", language: "en", channel: "x" }), { hasProviders: false }),
    ["model", "language"],
  );
});

test("v2: an unknown culture is refused, whatever its case en and es are known", () => {
  const withCulture = (culture: string | string[]) => ({ ...HEAD, query: { culture } });
  assert.equal(refused(v2, {}, withCulture("fr")).param, "culture");
  assert.equal(refused(v2, {}, withCulture(["es", "es-ES"])).param, "culture");
  for (const culture of ["en", "ES", ""]) v2.parse(form({}), "transcribe", withCulture(culture));
});

test("v2: Accept chooses the type", () => {
  const typeOf = (accept: string | undefined) =>
    v2.render(SILENCE, DEFAULT_REQUEST, STAMP, { query: {}, accept }).contentType.split(";")[0];
  const expected: [string | undefined, string][] = [
    [undefined, "application/json"],
    ["*/*", "application/json"],
    ["text/plain", "text/plain"],
    ["text/json", "text/json"],
    ["TEXT/JSON", "text/json"],
    ["text/*", "text/json"],
    ["text/plain, application/json;q=0.5", "text/plain"],
    ["text/plain;q=0.1, text/json;q=0.2", "text/json"],
    ["*/*, application/json;q=0", "text/json"],
    ["text/html", "application/json"],
    ["text/plain;q=x", "application/json"],
    ["", "application/json"],
  ];
  for (const [accept, type] of expected) assert.equal(typeOf(accept), type, String(accept));
});

test("v2: what is done here costs nothing, what a provider does its price", () => {
  const costOf = (costUsd: object) => {
    const { body } = v2.render({ ...SILENCE, ...costUsd }, DEFAULT_REQUEST, STAMP, HEAD);
    return (JSON.parse(body) as { cost: object }).cost;
  };
  assert.deepEqual(costOf({}), { completion: 0, prompt: 0, total: 0, currency: "USD" });
  const price = { completion: 0.012346, prompt: 0, total: 0.012346, currency: "USD" };
  assert.deepEqual(costOf({ costUsd: 0.0123456 }), price);
});

test("v2: errors have its statuses alone", () => {
  const statusOf = (code: ErrorCode) => v2.renderError(new SottoError(code, ""), HEAD).status;
  for (const code of Object.keys(ERRORS) as ErrorCode[]) {
    assert.ok([400, 401, 403, 404, 405, 500].includes(statusOf(code)), code);
  }
  assert.deepEqual([statusOf("file_too_large"), statusOf("queue_full"), statusOf("model_not_found")], [400, 500, 404]);
});

test("v2: every error has a Spanish message, which needs no place that the English one lacks", () => {
  const placesOf = (template: string) => [...template.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
  for (const code of Object.keys(ERRORS) as ErrorCode[]) {
    const spanish = SPANISH[code];
    assert.ok(spanish, code);
    const english = placesOf(ERRORS[code].template);
    for (const place of placesOf(spanish)) assert.ok(english.includes(place), `${code}: ${place}`);
  }
});

test("v2: culture is the language of messages, and a fault names the field as the client knows it", () => {
  const spanish = { ...HEAD, query: { culture: "es" } };
  const error = refused(v2, { prompt: "x".repeat(300) });
  const body = JSON.parse(v2.renderError(error, spanish).body) as { message: string; errors: object };
  assert.equal(body.message, "Se esperaba como máximo 256 caracteres para 'prompt', pero se recibió 300.");
  const missing = sottoError(
    "model_not_found",
    { model: "x", installed: "y", remedy: "Install it." },
    { param: "model" },
  );
  const reply = JSON.parse(v2.renderError(missing, spanish).body) as { code: string; errors: object };
  assert.deepEqual(Object.keys(reply.errors), ["modelId"]);
  assert.equal(reply.code, "model_not_found");
  assert.doesNotMatch(JSON.stringify(reply), /undefined/);
});
