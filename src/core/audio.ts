/** What Whisper hears: 16 kHz mono (openai/whisper `whisper/audio.py`). */
export const SAMPLE_RATE = 16_000;
export const SAMPLES_PER_MS = SAMPLE_RATE / 1000;
/** The spool holds signed 16-bit little-endian samples. */
export const BYTES_PER_SAMPLE = 2;
/** Longest stretch the encoder takes at once. */
export const WINDOW_MAX_SAMPLES = 30 * SAMPLE_RATE;
/** A speech probability stands for 32 ms: what Silero VAD takes at once. */
export const SPEECH_FRAME_SAMPLES = 512;
/** Shorter audio is refused (`audio_too_short`). */
export const MIN_AUDIO_MS = 100;

/** Where the samples of a recording lie: 16 kHz mono s16le in a file, which whoever made it removes. */
export interface SpoolPlace {
  readonly path: string;
  /** Where they begin in the file; default: with it. */
  readonly firstByte?: number | undefined;
}

/** A decoded recording on disk. */
export interface Spool extends SpoolPlace {
  sampleCount: number;
}

/** A recording that may still be in the making: what is there may be read. Its place holds once there is something. */
export interface GrowingSpool extends SpoolPlace {
  /**
   * Waits until more than `sampleCount` samples are there, or all are.
   * @throws whatever ended the decoding
   */
  growBeyond(sampleCount: number): Promise<SpoolState>;
}

export interface SpoolState {
  sampleCount: number;
  /** Nothing will be added. */
  isWhole: boolean;
}

/** Consecutive samples of a spool. */
export interface Stretch {
  firstSample: number;
  sampleCount: number;
}

/** What the engine gets as one unit of work: stretches of a spool, put together without what lies between them. */
export interface Window {
  /** In the file's order, without overlap; together at most {@link WINDOW_MAX_SAMPLES}. */
  stretches: readonly Stretch[];
  /** Where somebody speaks: in the file's order, each within one stretch. Empty: nobody looked. */
  speech: readonly Stretch[];
}

/** The sample after the last one. */
export function endOf({ firstSample, sampleCount }: Stretch): number {
  return firstSample + sampleCount;
}

export function windowSampleCount({ stretches }: Window): number {
  return stretches.reduce((sum, { sampleCount }) => sum + sampleCount, 0);
}

/** How long somebody speaks in it, as far as is known. */
export function windowSpeechMs({ speech }: Window): number {
  return samplesToMs(speech.reduce((sum, { sampleCount }) => sum + sampleCount, 0));
}

export function samplesToMs(sampleCount: number): number {
  return Math.round(sampleCount / SAMPLES_PER_MS);
}
