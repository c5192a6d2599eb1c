import { SPEECH_FRAME_SAMPLES } from "../core/audio.js";

/** A quarter of a frame, 8 ms: about a period of the deepest voice. */
const PART_SAMPLES = SPEECH_FRAME_SAMPLES / 4;
/** The quietest half of a frame's parts count: a click fills one or two of them. */
const PARTS_HEARD = 2;
/**
 * Twice a first-order high-pass at 150 Hz: rumble and hum fall, voices stay. Then the mean of neighbours, a low-pass that
 * halves white noise. The coefficient is RC / (RC + T) with RC = 1 / (2 pi 150 Hz).
 */
const HIGH_PASS = 0.944;
/** Squared: the error of rounding to whole numbers, so that digital silence has a level too. */
const ROUNDING_POWER = 1 / 12;
const FULL_SCALE_POWER = 32768 ** 2;

/** Measures how loud frames are in the range of speech. Keeps the filter's state from frame to frame. */
export class FrameLoudness {
  #sample = 0;
  #high = 0;
  #higher = 0;

  /** @returns decibels below full scale, so negative. A frame that is cut short is measured as far as it goes. */
  measure(frame: Int16Array): number {
    const powers: number[] = [];
    for (let at = 0; at < frame.length; at += PART_SAMPLES) powers.push(this.#power(frame, at));
    const heard = powers.sort((a, b) => a - b).slice(0, PARTS_HEARD);
    const mean = heard.reduce((sum, power) => sum + power, 0) / heard.length;
    return 10 * Math.log10((mean + ROUNDING_POWER) / FULL_SCALE_POWER);
  }

  #power(frame: Int16Array, from: number): number {
    const to = Math.min(from + PART_SAMPLES, frame.length);
    let sum = 0;
    for (let i = from; i < to; i++) {
      const sample = frame[i] as number;
      const high = HIGH_PASS * (this.#high + sample - this.#sample);
      const higher = HIGH_PASS * (this.#higher + high - this.#high);
      const mean = (higher + this.#higher) / 2;
      this.#sample = sample;
      this.#high = high;
      this.#higher = higher;
      sum += mean * mean;
    }
    return sum / (to - from);
  }
}
