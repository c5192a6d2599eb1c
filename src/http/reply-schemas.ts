import { SUPPRESSION_RULES } from "../core/result.js";

/** What replies look like, for the OpenAPI document: JSON Schema 2020-12, by name. */
type Schema = Record<string, unknown>;

const text: Schema = { type: "string" };
const number: Schema = { type: "number" };
const integer: Schema = { type: "integer" };
const ref = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` });
const listOf = (items: Schema): Schema => ({ type: "array", items });

/** An object whose members are all there, but for the optional ones. */
function object(properties: Record<string, Schema>, optional: Record<string, Schema> = {}): Schema {
  return { type: "object", properties: { ...properties, ...optional }, required: Object.keys(properties) };
}

const span = { start: number, end: number };
const usage = object({ type: { const: "duration" }, seconds: integer }, { audio_duration_seconds: number });
const verboseSegment = object({
  id: integer,
  seek: integer,
  ...span,
  text,
  tokens: listOf(integer),
  temperature: number,
  avg_logprob: number,
  compression_ratio: number,
  no_speech_prob: number,
});
const word = object({ word: text, ...span });
const spokenWord = object({ word: text, ...span }, { id: integer, speaker_id: text });
const speakerSegment = object({ id: integer, speaker_id: text, ...span, text, words: listOf(spokenWord) });
const verboseMembers = {
  task: { enum: ["transcribe", "translate"] },
  language: text,
  duration: number,
  text,
};
const jsonMembers = {
  id: text,
  object: { const: "audio.transcription" },
  created: integer,
  provider: text,
  model: text,
  text,
  language: text,
  segments: listOf(object({ id: integer, ...span, text })),
};

export const SCHEMAS: Record<string, Schema> = {
  TokenLogprob: object({ token: text, logprob: number, bytes: listOf(integer) }),
  Diagnostics: object({
    queue_ms: integer,
    decode_ms: integer,
    vad_ms: integer,
    encode_ms: integer,
    sample_ms: integer,
    windows: integer,
    real_time_factor: number,
    backend: text,
    threads: integer,
    short_windows: { type: "boolean" },
    suppressed: listOf(
      object({ ...span, reason: { enum: [...SUPPRESSION_RULES] }, action: { enum: ["dropped", "retried"] }, text }),
    ),
    fallbacks: integer,
  }),
  UnifiedJson: object(
    { ...jsonMembers, segments: listOf(verboseSegment), usage },
    { logprobs: listOf(ref("TokenLogprob")), diagnostics: ref("Diagnostics") },
  ),
  UnifiedVerboseJson: object(
    { ...verboseMembers, language_probability: number, segments: listOf(verboseSegment), usage },
    {
      words: listOf(spokenWord),
      speaker_segments: listOf(speakerSegment),
      logprobs: listOf(ref("TokenLogprob")),
      diagnostics: ref("Diagnostics"),
    },
  ),
  OpenaiJson: object({ text, usage }, { logprobs: listOf(ref("TokenLogprob")) }),
  OpenaiVerboseJson: object({ ...verboseMembers, segments: listOf(verboseSegment), usage }, { words: listOf(word) }),
  CortecsJson: object({ ...jsonMembers, usage: object({ audio_duration_seconds: number }) }),
  CortecsVerboseJson: object({
    ...verboseMembers,
    segments: listOf(verboseSegment),
    usage: object({ audio_duration_seconds: number }),
  }),
  CometJson: object({ text }),
  CometVerboseJson: object({ ...verboseMembers, segments: listOf(verboseSegment), usage }),
  TogetherJson: object({ text }),
  TogetherVerboseJson: object(
    { ...verboseMembers, segments: listOf(object({ id: integer, ...span, text })) },
    {
      words: listOf(spokenWord),
      speaker_segments: listOf(speakerSegment),
    },
  ),
  V2Json: object({
    instanceId: { type: "string", format: "uuid" },
    transcript: text,
    metadata: object({ language: text, duration: text }),
    tokenUsage: object({ completionTokens: integer, promptTokens: integer, totalTokens: integer }),
    cost: object({ completion: number, prompt: number, total: number, currency: text }),
  }),
  Error: object({
    error: object({ message: text, type: text, param: { type: ["string", "null"] }, code: text }),
  }),
  V2Error: object({ message: text, code: text, errors: { type: "object", additionalProperties: listOf(text) } }),
  Model: object({
    id: text,
    object: { const: "model" },
    created: integer,
    owned_by: text,
    state: { enum: ["loaded", "on_disk", "available"] },
    bytes: integer,
    quantization: text,
    languages: listOf(text),
  }),
  ModelList: object({ object: { const: "list" }, data: listOf(ref("Model")) }),
  // One event, as OpenAPI 3.2 describes those of `text/event-stream`: JSON in its data.
  StreamEvent: object({
    data: {
      type: "string",
      contentMediaType: "application/json",
      contentSchema: { anyOf: ["StreamDelta", "StreamDone", "Error"].map(ref) },
    },
  }),
  StreamDelta: object(
    { type: { const: "transcript.text.delta" }, delta: text },
    { logprobs: listOf(ref("TokenLogprob")) },
  ),
  StreamDone: object(
    { type: { const: "transcript.text.done" }, text, usage },
    { logprobs: listOf(ref("TokenLogprob")), diagnostics: ref("Diagnostics") },
  ),
};
