import type { LanguageCode } from "./languages.js";
import type { Task } from "./request.js";
import type { EngineTimings, Segment, Suppression, TokenCounts } from "./result.js";

/** How one window is to be decoded. */
export interface DecodeParams {
  task: Task;
  /** undefined: detected on this window. */
  language: LanguageCode | undefined;
  /** Detection chooses among these; none: among all. */
  languages?: readonly LanguageCode[];
  prompt: string | undefined;
  /** Vocabulary to favour. */
  keywords?: readonly string[];
  temperature: number;
  /** Whether each token's log-probability is wanted. */
  logprobs?: boolean;
}

/** What one window comes to. Segment times are relative to the window's first sample. */
export interface WindowResult {
  language: LanguageCode;
  languageProbability: number;
  segments: Segment[];
  suppressed: Suppression[];
  tokenCounts: TokenCounts;
  /** Decodings beyond the first of each 30 s. */
  fallbacks: number;
  timings: EngineTimings;
}
