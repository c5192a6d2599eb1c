import type { LanguageCode } from "./languages.js";
import type { Task } from "./request.js";

/** How likely the model thought a token. Its bytes may be half a character. */
export interface TokenLogprob {
  /** The bytes as text; a half character shows as U+FFFD. */
  token: string;
  /** Natural logarithm. */
  logprob: number;
  bytes: number[];
}

/** A stretch of transcript. Times are in the file, in whole milliseconds. */
export interface Segment {
  startMs: number;
  endMs: number;
  /** Text with the leading space that Whisper's tokens carry. */
  text: string;
  /** Whisper's token ids, timestamp tokens included. */
  tokens: number[];
  /** Of the text's tokens, when the request asked for them. */
  logprobs?: TokenLogprob[];
  /** Its words, when the request asked for them and the engine aligned them with the sound. */
  words?: Word[];
  /** Where in the file the 30 s that the encoder saw began. */
  seekMs: number;
  /** The temperature whose result was kept. */
  temperature: number;
  /** Mean natural-log probability of the tokens, end of text included. */
  avgLogprob: number;
  /** Length of the UTF-8 text over its zlib-compressed length. */
  compressionRatio: number;
  /** Probability of `<|nospeech|>` at the start-of-transcript position, 0..1. */
  noSpeechProb: number;
  /** Who speaks, once speakers are told apart. */
  speaker?: string;
}

/** A word at its time in the file, in whole milliseconds. */
export interface Word {
  word: string;
  startMs: number;
  endMs: number;
  speaker?: string;
}

/** The rules by which text is held back. */
export const SUPPRESSION_RULES = [
  /** The model hears no speech, and doubts what it wrote. */
  "no_speech",
  /** The mean log-probability of the tokens is too low. */
  "avg_logprob",
  /** The text compresses too well. */
  "compression_ratio",
  /** The same words again and again, faster than anyone speaks or without end. */
  "repetition",
  /** The prompt, where no such thing is said. */
  "prompt_echo",
  /** Text at a time when nobody speaks. */
  "outside_speech",
  /** Text that the model doubts, and does not write again when it hears the same sound a little shifted. */
  "unconfirmed",
  /** Speech for which nothing was written: heard again alone. */
  "unheard",
] as const;
export type SuppressionRule = (typeof SUPPRESSION_RULES)[number];

/**
 * Text that the model wrote and that is not in the transcript. Without text: nobody spoke, and no model was asked; or
 * somebody spoke, and nothing was written.
 */
export interface Suppression {
  startMs: number;
  endMs: number;
  reason: SuppressionRule;
  /** `retried`: the stretch was decoded again, and what came then stands in its place. */
  action: "dropped" | "retried";
  text: string;
}

/** Where the engine's time went, in milliseconds of wall clock. */
export interface EngineTimings {
  melMs: number;
  encodeMs: number;
  /** Decoder steps, sampling not counted. */
  decodeMs: number;
  sampleMs: number;
}

/** Whisper's own count of tokens. */
export interface TokenCounts {
  /** Given before the transcript: earlier text, language, task. */
  prompt: number;
  /** Of the decodings that were kept, timestamps included. */
  completion: number;
}

/** How the work went, for `include[]=diagnostics`. */
export interface WorkFigures {
  /** From the request's arrival in the pipeline to the start of its first window, ffmpeg's own time not counted. */
  queueMs: number;
  /** From the start to the end of the pipeline. */
  elapsedMs: number;
  /** What finding speech took. */
  speechMs: number;
  backend: string;
  threads: number;
  /** Windows were encoded as far as their sound goes. */
  shortWindows: boolean;
  /** Decodings that were tried again at a higher temperature. */
  fallbacks: number;
}

/** What a request comes to, before a renderer gives it its shape: the one internal result. */
export interface Transcript {
  task: Task;
  /** Language of the speech, also when the text is a translation. */
  language: LanguageCode;
  /** 1 when the client named the language. */
  languageProbability: number;
  durationMs: number;
  segments: Segment[];
  /** When the request asked for them. */
  words?: Word[];
  suppressed: Suppression[];
  /** Id of the model that was used. */
  model: string;
  /** Who made the answer: `local` or a provider's name. */
  provider: string;
  /** What the provider takes for it, by the operator's price; absent: nothing, as on this machine. */
  costUsd?: number;
  tokenCounts: TokenCounts;
  timings: EngineTimings;
  work: WorkFigures;
  windowCount: number;
}

/** The whole text, without the space before its first word. */
export function transcriptText(transcript: Transcript): string {
  return transcript.segments
    .map((segment) => segment.text)
    .join("")
    .trim();
}
