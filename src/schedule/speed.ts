/** Of a full window, for each megabyte of weights and with two threads: tiny and base in f16, on two cores without a GPU. */
const FIRST_MS_PER_MB = 10;
const FULL_WINDOW_SEC = 30;
/** Until lengths differ enough to tell, a full window is thought to take twice what an empty one does: the encoder always takes 30 s. */
const FULL_TO_EMPTY = 2;
/** Weight that each window keeps when the next one comes: some twenty count. */
const KEPT = 0.95;
/** How much spread in length, in square seconds times windows, weighs as much as the first assumption. */
const ASSUMED_SPREAD = 25;
/** One window that took longer (the engine was replaced, the decoder looped) says little about the next. */
const MOST_FACTOR = 4;

/**
 * How long a window occupies its slot, by its audio: a straight line through what windows of this model took, the newest
 * counting most. What is at work beside the engine (ffmpeg, other slots) is in it.
 */
export class Speed {
  readonly #firstMs: number;
  #weight = 0;
  #meanSec = 0;
  #meanMs = 0;
  /** Weighted sums of squares and products of the distances from the means. */
  #squares = 0;
  #products = 0;

  /** @param firstMs of a full window, before any was measured */
  constructor(firstMs: number) {
    this.#firstMs = firstMs;
  }

  /** For a model of which nothing is known but its size. */
  static ofModel({ bytes }: { bytes: number }, threads: number): Speed {
    return new Speed(((bytes / 1e6) * FIRST_MS_PER_MB * 2) / threads);
  }

  get isMeasured(): boolean {
    return this.#weight > 0;
  }

  learn(audioMs: number, tookMs: number): void {
    const sec = audioMs / 1000;
    const ms = this.isMeasured ? Math.min(tookMs, MOST_FACTOR * this.windowMs(audioMs)) : tookMs;
    // Welford's update with weights (https://doi.org/10.2307/1266577).
    this.#weight = KEPT * this.#weight + 1;
    const fromMean = sec - this.#meanSec;
    this.#meanSec += fromMean / this.#weight;
    const msFromMean = ms - this.#meanMs;
    this.#meanMs += msFromMean / this.#weight;
    this.#squares = KEPT * this.#squares + fromMean * (sec - this.#meanSec);
    this.#products = KEPT * this.#products + fromMean * (ms - this.#meanMs);
  }

  /** @param audioMs of the window @returns how long it will be in a slot */
  windowMs(audioMs: number): number {
    const sec = Math.min(audioMs / 1000, FULL_WINDOW_SEC);
    const steps = (FULL_TO_EMPTY - 1) / FULL_WINDOW_SEC;
    if (!this.isMeasured) {
      return (this.#firstMs * (1 + steps * sec)) / FULL_TO_EMPTY;
    }
    const steepest = this.#meanMs / Math.max(this.#meanSec, 1);
    const assumed = (this.#meanMs * steps) / (1 + steps * this.#meanSec);
    const slope = (this.#products + assumed * ASSUMED_SPREAD) / (this.#squares + ASSUMED_SPREAD);
    const bounded = Math.min(Math.max(slope, 0), steepest);
    return Math.max(1, this.#meanMs + bounded * (sec - this.#meanSec));
  }
}
