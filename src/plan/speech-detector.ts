import type { GrowingSpool } from "../core/audio.js";

/** Consecutive frames of a recording, of `SPEECH_FRAME_SAMPLES` each. */
export interface JudgedFrames {
  /** How likely somebody speaks in each, 0..1. */
  probabilities: Float32Array;
  /** What judging them took. */
  computeMs: number;
}

/** Finds speech in a recording, in one pass and with bounded memory. */
export interface SpeechDetector {
  /**
   * Judges all frames from `firstFrame` (default: the first) on, in their order, as the recording grows; the last may be cut short.
   * @throws the signal's reason; whatever ended the decoding
   */
  judge(spool: GrowingSpool, signal: AbortSignal, firstFrame?: number): AsyncGenerator<JudgedFrames>;
}
