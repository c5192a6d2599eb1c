import { SAMPLES_PER_MS, SPEECH_FRAME_SAMPLES } from "../core/audio.js";
import type { SpeechParams } from "./speech-params.js";

/** Somebody speaks from `start` up to `end`, in samples of the file. */
export interface SpeechSpan {
  start: number;
  end: number;
}

/** Once it goes on, speech ends only below a lower probability (silero-vad, `utils_vad.py`: `neg_threshold`). */
const HYSTERESIS = 0.15;
const LOWEST_END_PROBABILITY = 0.01;
/** Speech that goes on for longer is handed on in pieces of that length, which follow each other without a gap. */
export const PIECE_SAMPLES = 10 * 1000 * SAMPLES_PER_MS;

/** Makes spans of speech out of the probabilities of frames, as they come. */
export class SpeechSpans {
  readonly #beginsAt: number;
  readonly #endsBelow: number;
  readonly #minSpeechSamples: number;
  readonly #minSilenceSamples: number;
  #frame = 0;
  /** Where the speech under way began, or its last piece ended. */
  #start: number | undefined;
  /** Where the silence under way began within it. */
  #silence: number | undefined;
  /** Whether pieces of the speech under way were handed on. */
  #isContinued = false;

  constructor({ thresholdProbability, minSpeechMs, minSilenceMs }: SpeechParams) {
    this.#beginsAt = thresholdProbability;
    this.#endsBelow = Math.max(thresholdProbability - HYSTERESIS, LOWEST_END_PROBABILITY);
    this.#minSpeechSamples = minSpeechMs * SAMPLES_PER_MS;
    this.#minSilenceSamples = minSilenceMs * SAMPLES_PER_MS;
  }

  /** Up to here every frame is judged, and no span that is still to come begins before the end of the last one. */
  get judgedSamples(): number {
    return this.#frame * SPEECH_FRAME_SAMPLES;
  }

  /** Whether somebody spoke when the frames ended. */
  get isOpen(): boolean {
    return this.#start !== undefined;
  }

  /** @returns the spans that are now known */
  push(probabilities: Float32Array): SpeechSpan[] {
    const spans: SpeechSpan[] = [];
    for (const probability of probabilities) {
      this.#hear(probability, this.judgedSamples, spans);
      this.#frame++;
    }
    return spans;
  }

  /** @param sampleCount of the whole recording @returns the span that was under way */
  end(sampleCount: number): SpeechSpan[] {
    const spans: SpeechSpan[] = [];
    this.#close(Math.min(this.#silence ?? sampleCount, sampleCount), spans);
    return spans;
  }

  #hear(probability: number, sample: number, spans: SpeechSpan[]): void {
    if (probability >= this.#beginsAt) {
      this.#start ??= sample;
      this.#silence = undefined;
    } else if (probability < this.#endsBelow && this.#start !== undefined) {
      this.#silence ??= sample;
    }
    this.#handOnPieces(this.#silence ?? sample, spans);
    if (this.#silence === undefined) return;
    if (sample + SPEECH_FRAME_SAMPLES - this.#silence >= this.#minSilenceSamples) this.#close(this.#silence, spans);
  }

  #handOnPieces(until: number, spans: SpeechSpan[]): void {
    while (this.#start !== undefined && until - this.#start >= PIECE_SAMPLES) {
      spans.push({ start: this.#start, end: this.#start + PIECE_SAMPLES });
      this.#start += PIECE_SAMPLES;
      this.#isContinued = true;
    }
  }

  #close(end: number, spans: SpeechSpan[]): void {
    const start = this.#start;
    const shortest = this.#isContinued ? 1 : Math.max(this.#minSpeechSamples, 1);
    if (start !== undefined && end - start >= shortest) spans.push({ start, end });
    this.#start = undefined;
    this.#silence = undefined;
    this.#isContinued = false;
  }
}
