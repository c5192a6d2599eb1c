import type { ChunkingStrategy } from "../core/request.js";

/** What counts as speech, and how much around it is heard. */
export interface SpeechParams {
  /** From this probability on a frame begins speech; 0.15 below it, one ends it (silero-vad, `utils_vad.py`). */
  thresholdProbability: number;
  /** Shorter speech is none: a click. */
  minSpeechMs: number;
  /** A shorter silence is part of the speech around it. */
  minSilenceMs: number;
  /** Of the silence before speech so much is heard. */
  leadInMs: number;
  /** Of the silence after speech so much is heard. */
  leadOutMs: number;
}

export const DEFAULT_SPEECH_PARAMS: SpeechParams = {
  thresholdProbability: 0.5,
  minSpeechMs: 90,
  minSilenceMs: 300,
  leadInMs: 300,
  leadOutMs: 300,
};

/** As the request has it: OpenAI's `server_vad` names threshold, prefix padding and the silence that ends speech. */
export function speechParams(strategy: ChunkingStrategy | undefined): SpeechParams {
  if (strategy?.type !== "server_vad") return DEFAULT_SPEECH_PARAMS;
  const { thresholdProbability, minSilenceMs, leadInMs } = DEFAULT_SPEECH_PARAMS;
  return {
    ...DEFAULT_SPEECH_PARAMS,
    thresholdProbability: strategy.threshold ?? thresholdProbability,
    minSilenceMs: strategy.silenceDurationMs ?? minSilenceMs,
    leadInMs: strategy.prefixPaddingMs ?? leadInMs,
  };
}
