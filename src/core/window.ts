import type { LanguageCode } from "./languages.js";
import type { Task } from "./request.js";
import type { EngineTimings, Segment } from "./result.js";

/** How one window is to be decoded. */
export interface DecodeParams {
  task: Task;
  /** undefined: detected on this window. */
  language: LanguageCode | undefined;
  prompt: string | undefined;
  temperature: number;
}

/** What one window comes to. Segment times are relative to the window's first sample. */
export interface WindowResult {
  language: LanguageCode;
  languageProbability: number;
  segments: Segment[];
  timings: EngineTimings;
}
