/** What Whisper hears: 16 kHz mono (openai/whisper `whisper/audio.py`). */
export const SAMPLE_RATE = 16_000;
export const SAMPLES_PER_MS = SAMPLE_RATE / 1000;
/** The spool holds signed 16-bit little-endian samples. */
export const BYTES_PER_SAMPLE = 2;
/** Longest stretch the encoder takes at once. */
export const WINDOW_MAX_SAMPLES = 30 * SAMPLE_RATE;
/** Shorter audio is refused (`audio_too_short`). */
export const MIN_AUDIO_MS = 100;

/** A decoded recording on disk: 16 kHz mono s16le, removed by whoever made it. */
export interface Spool {
  path: string;
  sampleCount: number;
}

/** A stretch of a spool: what the engine gets as one unit of work. */
export interface Window {
  firstSample: number;
  /** At most {@link WINDOW_MAX_SAMPLES}. */
  sampleCount: number;
}

export function samplesToMs(sampleCount: number): number {
  return Math.round(sampleCount / SAMPLES_PER_MS);
}
