import { SPEECH_FRAME_SAMPLES } from "../core/audio.js";

/** A quarter of a frame, 8 ms: about a period of the deepest voice. */
const PART_SAMPLES = SPEECH_FRAME_SAMPLES / 4;
/**
 * Twice a first-order high-pass at 150 Hz: rumble and hum fall, voices stay. Then the mean of neighbours, a low-pass that
 * halves white noise. The coefficient is RC / (RC + T) with RC = 1 / (2 pi 150 Hz).
 */
const HIGH_PASS = 0.944;
/** Squared: the error of rounding to whole numbers, so that digital silence has a level too. */
const ROUNDING_POWER = 1 / 12;
const FULL_SCALE_POWER = 32768 ** 2;

/**
 * Measures how loud frames are in the range of speech. Keeps the filter's state from frame to frame. Each sample goes through
 * here, so that nothing is allocated and the state is in local variables.
 */
export class FrameLoudness {
  #sample = 0;
  #high = 0;
  #higher = 0;

  /**
   * @param from first sample of the frame
   * @param to the one after its last; a frame that is cut short is measured as far as it goes
   * @returns decibels below full scale, so negative
   */
  measure(samples: Int16Array, from: number, to: number): number {
    let quietest = Number.POSITIVE_INFINITY;
    let second = Number.POSITIVE_INFINITY;
    for (let at = from; at < to; at += PART_SAMPLES) {
      const power = this.#power(samples, at, Math.min(at + PART_SAMPLES, to));
      if (power < quietest) {
        second = quietest;
        quietest = power;
      } else if (power < second) second = power;
    }
    // A click fills one or two of a frame's four parts.
    const mean = second === Number.POSITIVE_INFINITY ? quietest : (quietest + second) / 2;
    return 10 * Math.log10((mean + ROUNDING_POWER) / FULL_SCALE_POWER);
  }

  #power(samples: Int16Array, from: number, to: number): number {
    let previous = this.#sample;
    let high = this.#high;
    let higher = this.#higher;
    let sum = 0;
    for (let i = from; i < to; i++) {
      const sample = samples[i] as number;
      const nextHigh = HIGH_PASS * (high + (sample - previous));
      const nextHigher = HIGH_PASS * (higher + (nextHigh - high));
      const mean = (nextHigher + higher) / 2;
      sum += mean * mean;
      previous = sample;
      high = nextHigh;
      higher = nextHigher;
    }
    this.#sample = previous;
    this.#high = high;
    this.#higher = higher;
    return sum / (to - from);
  }
}
