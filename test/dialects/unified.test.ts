import assert from "node:assert/strict";
import { test } from "node:test";
import { SottoError } from "../../src/core/errors.js";
import { DEFAULT_REQUEST } from "../../src/core/request.js";
import { ignoredFields } from "../../src/dialects/parse-fields.js";
import { unified } from "../../src/dialects/unified/unified.js";
import { form, HEAD } from "../support/form.js";

const parse = (fields: Record<string, string | string[]>) => unified.parse(form(fields), "transcribe", HEAD);

function refused(fields: Record<string, string | string[]>): SottoError {
  try {
    parse(fields);
  } catch (error) {
    if (error instanceof SottoError) return error;
  }
  throw new Error(`${JSON.stringify(fields)} was accepted`);
}

test("no field at all means the defaults", () => {
  assert.deepEqual(parse({}), DEFAULT_REQUEST);
});

test("an empty value means absent, for every field", () => {
  const names = Object.values(unified.fields).length;
  assert.ok(names > 25);
  const empty = ["model", "language", "languages[]", "prompt", "keywords", "temperature", "response_format", "stream"];
  const rest = ["include[]", "chunking_strategy", "chunking_strategy[type]", "vad_filter", "diarize", "timeout_ms"];
  assert.deepEqual(parse(Object.fromEntries([...empty, ...rest].map((name) => [name, ""]))), DEFAULT_REQUEST);
});

test("every field is read, and of a repeated one the last counts", () => {
  assert.deepEqual(
    parse({
      model: ["a", "b"],
      language: "English",
      languages: ["de", "fr-FR"],
      prompt: "né",
      keywords: ["Sotto", "Zürich"],
      "hotwords[]": "naïve",
      temperature: "0.25",
      response_format: "verbose_json",
      "timestamp_granularities[]": ["word", "segment", "word"],
      include: "logprobs",
      stream: "False",
      chunking_strategy: "auto",
      vad_filter: "0",
      channel: "right",
      audio_track: "2",
      diarize: "false",
      min_speakers: "2",
      max_speakers: "3",
      "known_speaker_names[]": "agent",
      "known_speaker_references[]": "data:audio/wav;base64,AAAA",
      preference: "cost",
      allowed_providers: '["ovh","scaleway"]',
      eu_native: "1",
      allow_quantization: "false",
      allow_zero_data_retention: "true",
      enable_model_fallback: "true",
      userIdentifier: "me",
      timeout_ms: "1500",
    }),
    {
      task: "transcribe",
      model: "b",
      language: "en",
      languages: ["de", "fr"],
      prompt: "né",
      keywords: ["Sotto", "Zürich", "naïve"],
      temperature: 0.25,
      responseFormat: "verbose_json",
      granularities: ["word", "segment"],
      include: ["logprobs"],
      stream: false,
      chunkingStrategy: { type: "auto" },
      vadFilter: false,
      channel: "right",
      audioTrack: 2,
      diarize: false,
      minSpeakers: 2,
      maxSpeakers: 3,
      knownSpeakerNames: ["agent"],
      knownSpeakerReferences: ["data:audio/wav;base64,AAAA"],
      preference: "cost",
      allowedProviders: ["ovh", "scaleway"],
      euNative: true,
      allowQuantization: false,
      allowZeroDataRetention: true,
      enableModelFallback: true,
      containers: undefined,
      user: "me",
      origin: undefined,
      timeoutMs: 1500,
    },
  );
  assert.equal(parse({ language: "auto" }).language, undefined);
});

test("a list is the same list in every encoding", () => {
  const expected = ["word", "segment"];
  const name = "timestamp_granularities";
  const ways: Record<string, string | string[]>[] = [
    { [name]: expected },
    { [`${name}[]`]: expected },
    { [`${name}[0]`]: "word", [`${name}[1]`]: "segment" },
    { [name]: '["word", "segment"]' },
    { [`${name}[]`]: '["word","segment"]' },
    { [name]: ["word", ""], [`${name}[]`]: "segment" },
  ];
  for (const way of ways) {
    assert.deepEqual(parse({ ...way, response_format: "verbose_json" }).granularities, expected, JSON.stringify(way));
  }
  assert.deepEqual(parse({ keywords: "[sic]" }).keywords, ["[sic]"], "text in brackets is text");
  assert.deepEqual(parse({ keywords: ["a, b", '["c"]'] }).keywords, ["a, b", '["c"]']);
});

test("an object is the same object in every encoding", () => {
  const expected = { type: "server_vad", threshold: 0.4, prefixPaddingMs: 300, silenceDurationMs: undefined };
  for (const way of [
    {
      "chunking_strategy[type]": "server_vad",
      "chunking_strategy[threshold]": "0.4",
      "chunking_strategy[prefix_padding_ms]": "300",
    },
    { chunking_strategy: '{"type":"server_vad","threshold":0.4,"prefix_padding_ms":300}' },
    { chunking_strategy: '{"type":"server_vad","threshold":0.4}', "chunking_strategy[prefix_padding_ms]": "300" },
  ]) {
    assert.deepEqual(parse(way).chunkingStrategy, expected, JSON.stringify(way));
  }
  assert.equal(parse({ chunking_strategy: "null" }).chunkingStrategy, undefined);
});

test("null means absent where a service allows it", () => {
  const nullable = ["allowed_providers", "eu_native", "allow_quantization", "allow_zero_data_retention", "stream"];
  assert.deepEqual(parse(Object.fromEntries(nullable.map((name) => [name, "null"]))), DEFAULT_REQUEST);
  assert.equal(refused({ diarize: "null" }).param, "diarize");
});

test("a wrong value is a 400 that names the field, what was expected and what came", () => {
  for (const [name, value, expected] of [
    ["temperature", "hot", "a number from 0 to 1"],
    ["temperature", "1.01", "a number from 0 to 1"],
    ["temperature", "-0.1", "a number from 0 to 1"],
    ["temperature", " ", "a number from 0 to 1"],
    ["temperature", "NaN", "a number from 0 to 1"],
    ["temperature", "0x1", "a number from 0 to 1"],
    ["response_format", "xml", "one of json, text, srt, vtt, verbose_json, diarized_json"],
    ["language", "klingon", "an ISO-639-1 code"],
    ["languages", "klingon", "a list of ISO-639-1 codes"],
    ["languages", '["en",1]', "a list of ISO-639-1 codes"],
    ["include", "tokens", "one or several of logprobs, diagnostics"],
    ["timestamp_granularities", '["word"', "one or several of segment, word"],
    ["stream", "yes", "true, false, 1 or 0"],
    ["chunking_strategy", "vad", "auto, or an object with type server_vad"],
    ["chunking_strategy", '{"threshold":1}', "server_vad"],
    ["channel", "centre", "one of mix, left, right"],
    ["audio_track", "-1", "a whole number from 0 to 255"],
    ["min_speakers", "0", "a whole number from 1 to 64"],
    ["preference", "best", "one of speed, cost, balanced"],
    ["allow_quantization", "maybe", "true, false, 1 or 0"],
    ["timeout_ms", "0", "a whole number of milliseconds"],
    ["timeout_ms", "1.5", "a whole number of milliseconds"],
    ["timeout_ms", "9999999999", "a whole number of milliseconds"],
  ] as const) {
    const error = refused({ [name]: value });
    assert.deepEqual([error.status, error.code, error.param], [400, "invalid_value", name]);
    assert.ok(error.message.includes(expected), error.message);
    if (name !== "chunking_strategy") assert.ok(error.message.includes(`'${value}'`), error.message);
  }
  const threshold = refused({ "chunking_strategy[type]": "server_vad", "chunking_strategy[threshold]": "2" });
  assert.equal(threshold.param, "chunking_strategy[threshold]");
  assert.equal(refused({ user: "x".repeat(257) }).param, "user");
});

test("fields that do not go together are refused", () => {
  const cases: [Record<string, string | string[]>, string][] = [
    [{ "timestamp_granularities[]": "word" }, "timestamp_granularities"],
    [{ stream: "true", response_format: "srt" }, "response_format"],
    [{ min_speakers: "3", max_speakers: "2" }, "min_speakers"],
    [{ "known_speaker_names[]": ["a", "b"], "known_speaker_references[]": "data:,x" }, "known_speaker_references"],
    [{ "known_speaker_names[]": "a", "known_speaker_references[]": "http://x" }, "known_speaker_references"],
    [{ "known_speaker_names[]": ["a", "b", "c", "d", "e"] }, "known_speaker_names"],
  ];
  for (const [fields, param] of cases) {
    const error = refused(fields);
    assert.deepEqual([error.status, error.param], [400, param], error.message);
  }
});

test("a long wrong value is cut in the message", () => {
  assert.ok(refused({ response_format: "x".repeat(10_000) }).message.length < 300);
});

test("fields without effect are named as they were sent: unknown ones, and those whose work is still to come", () => {
  const sent = form({ model: "x", foo: "1", "timestamp_granularities[]": "word", "bar[a]": "1", preference: "cost" });
  assert.deepEqual(ignoredFields(unified.fields, sent, { hasProviders: false }), ["foo", "bar[a]", "preference"]);
});

test("what acts on remote providers has no effect where there are none", () => {
  const router = { preference: "speed", "allowed_providers[]": "a", eu_native: "1", enable_model_fallback: "1" };
  const sent = form({ ...router, allow_zero_data_retention: "1", allow_quantization: "0" });
  const named = [...Object.keys(router), "allow_zero_data_retention"];
  assert.deepEqual(ignoredFields(unified.fields, sent, { hasProviders: false }), named);
  assert.deepEqual(ignoredFields(unified.fields, sent, { hasProviders: true }), []);
});
