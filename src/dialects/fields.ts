import {
  CHANNELS,
  GRANULARITIES,
  INCLUDABLE,
  PREFERENCES,
  RESPONSE_FORMATS,
  type TranscribeRequest,
} from "../core/request.js";

/** How a field is written and what it may hold. */
export type FieldKind =
  /** The recording itself: an upload, or a URL as text where the dialect takes one. */
  | { kind: "file" }
  | { kind: "url" }
  | { kind: "string"; maxLength?: number }
  | { kind: "strings"; maxItems?: number; maxLength?: number }
  | { kind: "number"; min: number; max: number }
  | { kind: "integer"; min: number; max: number; unit?: string }
  | { kind: "boolean" }
  | { kind: "choice"; choices: readonly string[] }
  | { kind: "choices"; choices: readonly string[] }
  | { kind: "language"; refusesAuto?: boolean }
  | { kind: "languages" }
  /** `auto`, or OpenAI's `server_vad` with its members. */
  | { kind: "chunking" };

export type FieldEntry = FieldKind & {
  /** As sent: the first is the one that errors and pages use, the others are understood too. */
  names: readonly [string, ...string[]];
  /** In the words of a client, as if it had been sent; absent: none. */
  default?: string;
  required?: boolean;
  /** Whether `null` means absent. */
  nullable?: boolean;
  /** Understood and checked, but without effect so far: named in `x-sotto-ignored`. */
  pending?: boolean;
  /** Without effect where no remote providers are configured, and then named in `x-sotto-ignored` too. */
  needsProviders?: boolean;
  /** One line for the reference. */
  doc: string;
};

/** Longer than the longest timer of JavaScript is no deadline at all. */
const TIMER_MAX_MS = 2 ** 31 - 1;
const SPEAKERS_MAX = 64;
const TRACKS_MAX = 255;
/** OpenAI: `known_speaker_names`, `known_speaker_references`. */
const KNOWN_SPEAKERS_MAX = 4;

/**
 * Every field that any dialect has, by its place in the request. Parsing, checks, `x-sotto-ignored`, the OpenAPI document
 * and docs/fields.md derive from this table; a dialect only says which of them it has and how it narrows them.
 */
export const FIELDS = {
  file: {
    kind: "file",
    names: ["file"],
    required: true,
    doc: "The audio or video: any container and codec that ffmpeg reads",
  },
  url: { kind: "url", names: ["url"], doc: "An http(s) URL in place of `file`, where the server allows URLs" },
  model: {
    kind: "string",
    names: ["model"],
    doc: "A local model's id, or a name such as `whisper-1`, which means the default model",
  },
  language: {
    kind: "language",
    names: ["language"],
    nullable: true,
    doc: "ISO-639-1 code, English name or tag; absent or `auto`: detected",
  },
  languages: { kind: "languages", names: ["languages"], doc: "Detection is restricted to these" },
  prompt: {
    kind: "string",
    names: ["prompt"],
    nullable: true,
    doc: "Text that precedes the audio, given to every window; the last 224 tokens count",
  },
  keywords: { kind: "strings", names: ["keywords"], doc: "Vocabulary to favour, in every window" },
  hotwords: { kind: "strings", names: ["hotwords"], doc: "The same as `keywords`" },
  responseFormat: {
    kind: "choice",
    names: ["response_format"],
    choices: RESPONSE_FORMATS,
    default: "json",
    nullable: true,
    doc: "Shape of the reply",
  },
  temperature: {
    kind: "number",
    names: ["temperature"],
    min: 0,
    max: 1,
    default: "0",
    nullable: true,
    doc: "0: greedy, tried again at higher temperatures where the model doubts itself or repeats itself",
  },
  granularities: {
    kind: "choices",
    names: ["timestamp_granularities"],
    choices: GRANULARITIES,
    default: "segment",
    doc: "`word` adds `words` to `verbose_json`",
  },
  include: { kind: "choices", names: ["include"], choices: INCLUDABLE, doc: "What else the reply holds" },
  stream: {
    kind: "boolean",
    names: ["stream"],
    default: "false",
    nullable: true,
    doc: "Server-sent events: a delta as soon as each window is done, the whole text at the end",
  },
  chunkingStrategy: {
    kind: "chunking",
    names: ["chunking_strategy"],
    nullable: true,
    doc: "How speech is told from silence: `auto`, or `{type: server_vad, threshold, prefix_padding_ms, silence_duration_ms}`",
  },
  vadFilter: {
    kind: "boolean",
    names: ["vad_filter"],
    default: "true",
    doc: "Windows hold speech alone, silence is left out. `false`: consecutive windows of exactly 30 s, whatever the sound",
  },
  channel: {
    kind: "choice",
    names: ["channel"],
    choices: CHANNELS,
    default: "mix",
    doc: "Which channel of a stereo recording is heard",
  },
  audioTrack: {
    kind: "integer",
    names: ["audio_track"],
    min: 0,
    max: TRACKS_MAX,
    default: "0",
    doc: "Which audio stream of a container, counted from 0",
  },
  diarize: {
    kind: "boolean",
    names: ["diarize"],
    default: "false",
    doc: "Tells speakers apart; refused as long as no speaker model is installed",
  },
  minSpeakers: {
    kind: "integer",
    names: ["min_speakers"],
    min: 1,
    max: SPEAKERS_MAX,
    pending: true,
    doc: "At least so many speakers",
  },
  maxSpeakers: {
    kind: "integer",
    names: ["max_speakers"],
    min: 1,
    max: SPEAKERS_MAX,
    pending: true,
    doc: "At most so many speakers",
  },
  knownSpeakerNames: {
    kind: "strings",
    names: ["known_speaker_names"],
    maxItems: KNOWN_SPEAKERS_MAX,
    pending: true,
    doc: "Names of speakers whose voices come with the request",
  },
  knownSpeakerReferences: {
    kind: "strings",
    names: ["known_speaker_references"],
    maxItems: KNOWN_SPEAKERS_MAX,
    pending: true,
    doc: "Their voices, one data URL to each name",
  },
  preference: {
    kind: "choice",
    names: ["preference"],
    choices: PREFERENCES,
    default: "balanced",
    needsProviders: true,
    doc: "Orders the remote providers, should the request overflow",
  },
  allowedProviders: {
    kind: "strings",
    names: ["allowed_providers"],
    nullable: true,
    needsProviders: true,
    doc: "Restricts the remote providers; the local engine is always allowed",
  },
  euNative: {
    kind: "boolean",
    names: ["eu_native"],
    default: "false",
    nullable: true,
    needsProviders: true,
    doc: "Only providers within the EU",
  },
  allowQuantization: {
    kind: "boolean",
    names: ["allow_quantization"],
    default: "true",
    nullable: true,
    doc: "`false`: no quantized model where an unquantized one is installed",
  },
  allowZeroDataRetention: {
    kind: "boolean",
    names: ["allow_zero_data_retention"],
    nullable: true,
    needsProviders: true,
    doc: "`true`: only providers that keep nothing",
  },
  enableModelFallback: {
    kind: "boolean",
    names: ["enable_model_fallback"],
    default: "false",
    nullable: true,
    needsProviders: true,
    doc: "Whether a provider may serve a model that is not installed here",
  },
  user: {
    kind: "string",
    names: ["user", "userIdentifier"],
    maxLength: 256,
    doc: "The client's own user; only a hash of it reaches the log",
  },
  origin: {
    kind: "string",
    names: ["channel"],
    maxLength: 100,
    doc: "Where the client says the request comes from; for the log",
  },
  timeoutMs: {
    kind: "integer",
    names: ["timeout_ms"],
    min: 1,
    max: TIMER_MAX_MS,
    unit: "milliseconds",
    doc: "A deadline: past it, 408 and the work stops",
  },
} as const satisfies Record<
  Exclude<keyof TranscribeRequest, "task" | "containers"> | "file" | "url" | "hotwords",
  FieldEntry
>;

export type FieldName = keyof typeof FIELDS;
export const FIELD_NAMES = Object.keys(FIELDS) as FieldName[];

/** How a dialect's own field differs from the table. */
export type Narrowing = Partial<
  Pick<FieldEntry, "names" | "default" | "required" | "doc"> & {
    choices: readonly string[];
    maxLength: number;
    refusesAuto: boolean;
  }
>;

/** The fields that a dialect has; any other one has no effect there. */
export type DialectFields = Partial<Record<FieldName, Narrowing>>;

/** A dialect's fields, narrowed, in the order of the table. */
export function entriesOf(fields: DialectFields): [FieldName, FieldEntry][] {
  return FIELD_NAMES.flatMap((name): [FieldName, FieldEntry][] => {
    const narrowing = fields[name];
    return narrowing ? [[name, { ...FIELDS[name], ...narrowing } as FieldEntry]] : [];
  });
}
