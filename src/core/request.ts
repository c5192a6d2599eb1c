import type { LanguageCode } from "./languages.js";

export const TASKS = ["transcribe", "translate"] as const;
export type Task = (typeof TASKS)[number];

export const RESPONSE_FORMATS = ["json", "text", "srt", "vtt", "verbose_json"] as const;
export type ResponseFormat = (typeof RESPONSE_FORMATS)[number];

/** What every dialect parses its fields into: the one internal request. */
export interface TranscribeRequest {
  task: Task;
  /** The model as the client named it; undefined: the configured default. */
  model: string | undefined;
  /** Language of the speech; undefined: detect it. */
  language: LanguageCode | undefined;
  /** Text that precedes the audio, given to every window; its last 224 tokens count. */
  prompt: string | undefined;
  /** Sampling temperature 0..1. 0 means greedy with the fallback ladder. */
  temperature: number;
  responseFormat: ResponseFormat;
  /** Past it the work stops and the answer is 408; undefined: no deadline. */
  timeoutMs: number | undefined;
}
