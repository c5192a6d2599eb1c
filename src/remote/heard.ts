import type { TokenLogprob } from "../core/result.js";

/** A stretch of speech as a service gives it. */
export interface HeardSegment {
  startMs: number;
  endMs: number;
  text: string;
  speaker?: string;
  /** What only Whisper itself knows; services that run it may tell. */
  tokens?: number[];
  seekMs?: number;
  temperature?: number;
  avgLogprob?: number;
  compressionRatio?: number;
  noSpeechProb?: number;
}

export interface HeardWord {
  word: string;
  startMs: number;
  endMs: number;
  speaker?: string;
}

/** What a service's reply says, whichever its dialect; what it does not say is undefined. */
export interface Heard {
  text: string;
  /** As it came: a code or a name. */
  language?: string | undefined;
  languageProbability?: number | undefined;
  durationMs?: number | undefined;
  /** Rounded up, as it is billed. */
  billedMs?: number | undefined;
  segments?: HeardSegment[] | undefined;
  words?: HeardWord[] | undefined;
  logprobs?: TokenLogprob[] | undefined;
  tokenCounts?: { prompt: number; completion: number } | undefined;
  /** The model as the reply calls it. */
  model?: string | undefined;
}
