import type { LanguageCode } from "./languages.js";
import type { Task } from "./request.js";

/** A stretch of transcript. Times are in the file, in whole milliseconds. */
export interface Segment {
  startMs: number;
  endMs: number;
  /** Text with the leading space that Whisper's tokens carry. */
  text: string;
  /** Whisper's token ids, timestamp tokens included. */
  tokens: number[];
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
}

/** Where the engine's time went, in milliseconds of wall clock. */
export interface EngineTimings {
  melMs: number;
  encodeMs: number;
  /** Decoder steps, sampling not counted. */
  decodeMs: number;
  sampleMs: number;
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
  /** Id of the model that was used. */
  model: string;
  /** Who made the answer: `local` or a provider's name. */
  provider: string;
  timings: EngineTimings;
  windowCount: number;
}

/** The whole text, without the space before its first word. */
export function transcriptText(transcript: Transcript): string {
  return transcript.segments
    .map((segment) => segment.text)
    .join("")
    .trim();
}
