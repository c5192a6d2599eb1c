import type { LanguageCode } from "./languages.js";
import type { Task } from "./request.js";
import type { EngineTimings, Segment, Suppression, TokenCounts } from "./result.js";

/** A stretch of a window, in milliseconds from its first sample. */
export interface Span {
  startMs: number;
  endMs: number;
}

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
  /** Whether words are to be aligned with the sound. */
  words?: boolean;
  /** Where there is speech, in ascending order; undefined: not known. What is heard beyond it is dropped. */
  speechSpans?: readonly Span[];
}

/** A language and how likely it is, 0..1. */
export interface LanguageGuess {
  language: LanguageCode;
  probability: number;
}

/** What one window comes to. Segment times are relative to the window's first sample. */
export interface WindowResult {
  language: LanguageCode;
  languageProbability: number;
  /** The likeliest languages, the one above first; one alone when the client named it. */
  languageGuesses: LanguageGuess[];
  segments: Segment[];
  suppressed: Suppression[];
  tokenCounts: TokenCounts;
  /** Decodings beyond the first of each 30 s. */
  fallbacks: number;
  timings: EngineTimings;
}
