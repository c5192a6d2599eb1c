import type { ProviderDialect } from "../../src/core/provider-settings.js";
import type { Received } from "./stand-in.js";

/** An answer, ready to be sent. */
export interface ServiceReply {
  status: number;
  type: string;
  body: string;
  /** In place of the body where the client asked for a stream and the service has them. */
  events?: object[];
}

/** How a service answers: its paths, fields, formats and errors as published. */
interface Service {
  answer(received: Received, text: string): ServiceReply;
  error(status: number, message: string, param?: string): ServiceReply;
}

/** Of every recording that a stand-in hears, in seconds. */
export const DURATION_SEC = 3.52;

const json = (body: object, status = 200): ServiceReply => ({
  status,
  type: "application/json",
  body: JSON.stringify(body),
});
const openAiError: Service["error"] = (status, message, param) =>
  json({ error: { message, type: "invalid_request_error", param: param ?? null, code: null } }, status);

interface Rules {
  paths: readonly string[];
  /** Fields that the service has; any other is refused, so that nothing is sent for nothing. */
  fields: readonly string[];
  required: readonly string[];
  formats: readonly string[];
  /** Extensions; undefined: the service names none. */
  files: readonly string[] | undefined;
}

/** What every service demands before it listens; undefined: nothing is wrong. */
function fault(received: Received, rules: Rules): { status: number; message: string; param?: string } | undefined {
  const names = received.fields.map(([name]) => name);
  if (!rules.paths.includes(received.path)) return { status: 404, message: `no route ${received.path}` };
  const unknown = names.find((name) => !rules.fields.includes(name));
  if (unknown !== undefined) return { status: 400, message: `unrecognized argument ${unknown}`, param: unknown };
  const missing = rules.required.find((name) => !names.includes(name));
  if (missing !== undefined) return { status: 400, message: `missing ${missing}`, param: missing };
  const format = lastOf(received, "response_format");
  if (format !== undefined && !rules.formats.includes(format)) {
    return { status: 400, message: `unknown format ${format}`, param: "response_format" };
  }
  if (!received.file || received.file.bytes.length === 0) return { status: 400, message: "no file", param: "file" };
  const extension = received.file.name.split(".").at(-1) ?? "";
  if (rules.files && !rules.files.includes(extension)) {
    return { status: 400, message: `invalid file format ${extension}`, param: "file" };
  }
  return undefined;
}

const lastOf = ({ fields }: Received, name: string) => fields.filter(([each]) => each === name).at(-1)?.[1];
const allOf = ({ fields }: Received, name: string) => fields.filter(([each]) => each === name).map(([, v]) => v);

/** The text as sentences with times, each as long as its share of the letters. */
function sentences(text: string): { start: number; end: number; text: string }[] {
  const parts = text.match(/[^.]+\./g) ?? [];
  let passed = 0;
  return parts.map((part) => {
    const start = round((DURATION_SEC * passed) / text.length);
    passed += part.length;
    return { start, end: round((DURATION_SEC * passed) / text.length), text: part };
  });
}

function words(text: string) {
  return sentences(text).flatMap((sentence) => {
    const list = sentence.text.replace(".", "").trim().split(" ");
    const step = (sentence.end - sentence.start) / list.length;
    return list.map((word, index) => ({
      word,
      start: round(sentence.start + index * step),
      end: round(sentence.start + (index + 1) * step),
    }));
  });
}

const round = (seconds: number) => Math.round(seconds * 1000) / 1000;
const taskOf = ({ path }: Received) => (path.endsWith("translations") ? "translate" : "transcribe");

const OPENAI_FILES = ["flac", "mp3", "mp4", "mpeg", "mpga", "m4a", "ogg", "wav", "webm"];
const BOTH = ["POST /v1/audio/transcriptions", "POST /v1/audio/translations"];

/** https://platform.openai.com/docs/api-reference/audio */
const openai: Service = {
  error: openAiError,
  answer: (received, text) => {
    const wrong = fault(received, {
      paths: BOTH,
      fields: [
        "model",
        "language",
        "prompt",
        "response_format",
        "temperature",
        "timestamp_granularities[]",
        "include[]",
        "stream",
      ].filter((name) => taskOf(received) === "transcribe" || !/language|granul|include|stream/.test(name)),
      required: ["model"],
      formats: ["json", "text", "srt", "verbose_json", "vtt"],
      files: OPENAI_FILES,
    });
    if (wrong) return openAiError(wrong.status, wrong.message, wrong.param);
    const isNew = lastOf(received, "model")?.startsWith("gpt-") ?? false;
    const format = lastOf(received, "response_format") ?? "json";
    if (isNew && format !== "json") return openAiError(400, `'${format}' is not compatible`, "response_format");
    const hasLogprobs = allOf(received, "include[]").includes("logprobs");
    const logprobs = hasLogprobs && isNew ? { logprobs: [{ token: "Hello", logprob: -0.5, bytes: [72, 101] }] } : {};
    const usage = isNew
      ? { type: "tokens", input_tokens: 30, output_tokens: 7, total_tokens: 37 }
      : { type: "duration", seconds: Math.ceil(DURATION_SEC) };
    if (isNew && lastOf(received, "stream") === "true") {
      const deltas = text === "" ? [] : text.split(/(?= )/);
      const events = [
        ...deltas.map((delta) => ({ type: "transcript.text.delta", delta, ...logprobs })),
        { type: "transcript.text.done", text, ...logprobs, usage },
      ];
      return { status: 200, type: "text/event-stream", body: "", events };
    }
    if (format === "json") return json({ text, ...logprobs, usage });
    const granularities = allOf(received, "timestamp_granularities[]");
    const hasSegments = granularities.length === 0 || granularities.includes("segment");
    return json({
      task: taskOf(received),
      language: "english",
      duration: DURATION_SEC,
      text,
      ...(hasSegments ? { segments: sentences(text).map(whisperSegment) } : {}),
      ...(granularities.includes("word") ? { words: words(text) } : {}),
      usage,
    });
  },
};

function whisperSegment({ start, end, text }: { start: number; end: number; text: string }, id: number) {
  const figures = { temperature: 0, avg_logprob: -0.31, compression_ratio: 1.2, no_speech_prob: 0.02 };
  return { id, seek: 0, start, end, text: ` ${text.trim()}`, tokens: [50364, 2425, 50489], ...figures };
}

const cortecs: Service = {
  error: openAiError,
  answer: (received, text) => {
    const wrong = fault(received, {
      paths: ["POST /v1/audio/transcriptions"],
      fields: [
        ...["model", "language", "prompt", "response_format", "temperature", "preference", "eu_native"],
        ...["allowed_providers", "allow_quantization", "allow_zero_data_retention", "enable_model_fallback"],
      ],
      required: ["model"],
      formats: ["json", "text", "srt", "vtt", "verbose_json"],
      files: undefined,
    });
    if (wrong) return openAiError(wrong.status, wrong.message, wrong.param);
    return json({
      id: "1234567890",
      object: "audio.transcription",
      created: 1715155200,
      provider: "ovh",
      model: lastOf(received, "model"),
      text,
      language: "en",
      // May be unavailable for some providers.
      segments: text.includes("world")
        ? sentences(text).map((one, id) => ({ id, ...one, text: one.text.trim() }))
        : null,
      usage: { audio_duration_seconds: DURATION_SEC },
    });
  },
};

const comet: Service = {
  error: openAiError,
  answer: (received, text) => {
    const wrong = fault(received, {
      paths: BOTH,
      fields: ["model", "language", "prompt", "response_format", "temperature"].filter(
        (name) => taskOf(received) === "transcribe" || name !== "language",
      ),
      required: ["model"],
      formats: ["json", "text", "srt", "verbose_json", "vtt"],
      files: OPENAI_FILES,
    });
    if (wrong) return openAiError(wrong.status, wrong.message, wrong.param);
    if (lastOf(received, "response_format") !== "verbose_json") return json({ text });
    return json({
      task: taskOf(received),
      language: "english",
      duration: DURATION_SEC,
      text,
      segments: sentences(text).map(whisperSegment),
    });
  },
};

const together: Service = {
  error: openAiError,
  answer: (received, text) => {
    const wrong = fault(received, {
      paths: BOTH,
      fields: [
        ...["model", "language", "prompt", "response_format", "temperature", "timestamp_granularities"],
        ...["diarize", "min_speakers", "max_speakers"],
      ],
      required: [],
      formats: ["json", "verbose_json"],
      files: ["wav", "mp3", "m4a", "webm", "flac"],
    });
    if (wrong) return openAiError(wrong.status, wrong.message, wrong.param);
    if (lastOf(received, "response_format") !== "verbose_json") return json({ text });
    const hasSpeakers = lastOf(received, "diarize") === "true";
    const hasWords = hasSpeakers || allOf(received, "timestamp_granularities").includes("word");
    const spoken = words(text).map((word, id) => {
      const speaker_id = word.start < DURATION_SEC / 2 ? "SPEAKER_00" : "SPEAKER_01";
      return hasSpeakers ? { id, ...word, speaker_id } : word;
    });
    return json({
      task: taskOf(received),
      // Heard only when it is told to listen for it.
      language: { auto: "english", en: "english", de: "german" }[lastOf(received, "language") ?? "en"] ?? "english",
      duration: DURATION_SEC,
      text,
      segments: sentences(text).map((one, id) => ({ id, ...one, text: one.text.trim() })),
      ...(hasWords ? { words: spoken } : {}),
      ...(hasSpeakers ? { speaker_segments: [] } : {}),
    });
  },
};

const v2: Service = {
  error: (status, message, param) =>
    json({ message, code: `error_${status}`, errors: param ? { [param]: [message] } : {} }, status),
  answer: (received, text) => {
    const wrong = fault(received, {
      paths: ["POST /api/v2/Audio/transcribe?culture=en", "POST /api/v2/Audio/transcribe"],
      fields: ["modelId", "aiModelId", "prompt", "userIdentifier", "channel"],
      required: [],
      formats: [],
      files: ["mp3", "mp4", "mpeg", "mpga", "m4a", "wav", "webm"],
    });
    if (wrong) return v2.error(wrong.status, wrong.message, wrong.param);
    if ([...(lastOf(received, "prompt") ?? "")].length > 256) return v2.error(400, "too long", "prompt");
    return json({
      instanceId: "3fa85f64-5717-4562-b3fc-2c963f66afa6",
      transcript: text,
      metadata: { language: "en", duration: "00:00:03.520" },
      tokenUsage: { completionTokens: 7, promptTokens: 3, totalTokens: 10 },
      cost: { completion: 0.1, prompt: 0.2, total: 0.3, currency: "USD" },
    });
  },
};

export const SERVICES: Readonly<Record<ProviderDialect, Service>> = { openai, cortecs, comet, together, v2 };
