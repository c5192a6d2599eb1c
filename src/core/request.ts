import type { LanguageCode } from "./languages.js";

export const TASKS = ["transcribe", "translate"] as const;
export type Task = (typeof TASKS)[number];

export const RESPONSE_FORMATS = ["json", "text", "srt", "vtt", "verbose_json", "diarized_json"] as const;
export type ResponseFormat = (typeof RESPONSE_FORMATS)[number];

export const GRANULARITIES = ["segment", "word"] as const;
export type Granularity = (typeof GRANULARITIES)[number];

export const INCLUDABLE = ["logprobs", "diagnostics"] as const;
export type Includable = (typeof INCLUDABLE)[number];

/** Which channel of a stereo recording is heard. */
export const CHANNELS = ["mix", "left", "right"] as const;
export type Channel = (typeof CHANNELS)[number];

export const PREFERENCES = ["speed", "cost", "balanced"] as const;
export type Preference = (typeof PREFERENCES)[number];

/** Families of containers, where a service takes some and no others. */
export const CONTAINERS = ["mp3", "mp4", "mpeg", "wav", "webm"] as const;
export type Container = (typeof CONTAINERS)[number];

/** Where a recording is cut: OpenAI's `server_vad`, or whatever the server thinks best. */
export type ChunkingStrategy =
  | { type: "auto" }
  | {
      type: "server_vad";
      threshold: number | undefined;
      prefixPaddingMs: number | undefined;
      silenceDurationMs: number | undefined;
    };

/** What every dialect parses its fields into: the one internal request. */
export interface TranscribeRequest {
  task: Task;
  /** The model as the client named it; undefined: the configured default. */
  model: string | undefined;
  /** Language of the speech; undefined: detect it. */
  language: LanguageCode | undefined;
  /** Detection chooses among these; empty: among all. */
  languages: readonly LanguageCode[];
  /** Text that precedes the audio, given to every window; its last 224 tokens count. */
  prompt: string | undefined;
  /** Vocabulary to favour in every window. */
  keywords: readonly string[];
  /** Sampling temperature 0..1. 0 means greedy with the fallback ladder. */
  temperature: number;
  responseFormat: ResponseFormat;
  granularities: readonly Granularity[];
  include: readonly Includable[];
  /** Whether the text is to come as it is made. */
  stream: boolean;
  chunkingStrategy: ChunkingStrategy | undefined;
  /** false: consecutive windows of exactly 30 s, whatever the sound. */
  vadFilter: boolean;
  channel: Channel;
  /** Which audio stream of a container, counted from 0. */
  audioTrack: number;
  diarize: boolean;
  minSpeakers: number | undefined;
  maxSpeakers: number | undefined;
  knownSpeakerNames: readonly string[];
  /** Data URLs, one to each name. */
  knownSpeakerReferences: readonly string[];
  preference: Preference;
  /** Remote providers that may be asked; undefined: all. */
  allowedProviders: readonly string[] | undefined;
  euNative: boolean;
  allowQuantization: boolean;
  /** true: only providers that keep nothing; undefined: no matter. */
  allowZeroDataRetention: boolean | undefined;
  enableModelFallback: boolean;
  /** Containers that the service takes; undefined: all. */
  containers: readonly Container[] | undefined;
  /** The client's own user; leaves the process only as a hash. */
  user: string | undefined;
  /** Where the client says that the request comes from; for the log. */
  origin: string | undefined;
  /** Past it the work stops and the answer is 408; undefined: no deadline. */
  timeoutMs: number | undefined;
}

/** A request that names nothing. */
export const DEFAULT_REQUEST: TranscribeRequest = {
  task: "transcribe",
  model: undefined,
  language: undefined,
  languages: [],
  prompt: undefined,
  keywords: [],
  temperature: 0,
  responseFormat: "json",
  granularities: ["segment"],
  include: [],
  stream: false,
  chunkingStrategy: undefined,
  vadFilter: true,
  channel: "mix",
  audioTrack: 0,
  diarize: false,
  minSpeakers: undefined,
  maxSpeakers: undefined,
  knownSpeakerNames: [],
  knownSpeakerReferences: [],
  preference: "balanced",
  allowedProviders: undefined,
  euNative: false,
  allowQuantization: true,
  allowZeroDataRetention: undefined,
  enableModelFallback: false,
  containers: undefined,
  user: undefined,
  origin: undefined,
  timeoutMs: undefined,
};
