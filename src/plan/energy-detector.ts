import type { GrowingSpool } from "../core/audio.js";
import { SPEECH_FRAME_SAMPLES } from "../core/audio.js";
import { FrameLoudness } from "./frame-loudness.js";
import type { JudgedFrames, SpeechDetector } from "./speech-detector.js";
import { SpoolReader } from "./spool-reader.js";

/**
 * The background is the quietest within three seconds before, or within three seconds after, whichever is louder: a noise
 * that begins or ends stands out from one of them only.
 */
const REACH_FRAMES = 94;
/** At a recording's edge a side with less than a second says nothing, if there is more on the other. */
const LEAST_REACH_FRAMES = 31;
/** Speech stands out from the background by this much: at so many decibels its probability is a half. */
const STANDS_OUT_DB = 6;
/** From a half, this many decibels more make it 0.73. Steady noise stays within 2 dB of its minimum. */
const SLOPE_DB = 1.5;
/** What is below that is silence, whatever stands out from it: a hiss of ten steps of sixteen bits. */
const SILENCE_DB = -70;
/** Read at once: ten seconds. */
const FRAMES_PER_READ = 312;

/**
 * Takes for speech what stands out from the background: the detector that needs no weights. It is deaf to steady noise,
 * hum and clicks, but not to music; Silero is better (`silero-detector.ts`).
 */
export class EnergyDetector implements SpeechDetector {
  async *judge(spool: GrowingSpool, signal: AbortSignal, firstFrame = 0): AsyncGenerator<JudgedFrames> {
    await using reader = new SpoolReader(spool, signal);
    const judge = new EnergyJudge();
    for (let at = firstFrame * SPEECH_FRAME_SAMPLES; ; ) {
      const samples = await reader.next(at, FRAMES_PER_READ * SPEECH_FRAME_SAMPLES, SPEECH_FRAME_SAMPLES);
      const startedMs = performance.now();
      const probabilities = samples.length > 0 ? judge.push(samples) : judge.end();
      yield { probabilities, computeMs: performance.now() - startedMs };
      if (samples.length === 0) return;
      at += samples.length;
    }
  }
}

/** Judges frames by the quietest around them, those of the three seconds to come too. */
export class EnergyJudge {
  readonly #loudness = new FrameLoudness();
  /** Levels of the frames that count for those still to be judged, the oldest first. */
  #levels: Float64Array = new Float64Array(0);
  /** How many of them have been judged. */
  #judged = 0;

  /** @param samples whole frames; only the last call's last one may be cut short */
  push(samples: Int16Array): Float32Array {
    const known = this.#levels.length;
    const levels = new Float64Array(known + Math.ceil(samples.length / SPEECH_FRAME_SAMPLES));
    levels.set(this.#levels);
    for (let index = known, from = 0; index < levels.length; index++, from += SPEECH_FRAME_SAMPLES) {
      const to = Math.min(from + SPEECH_FRAME_SAMPLES, samples.length);
      levels[index] = this.#loudness.measure(samples, from, to);
    }
    this.#levels = levels;
    return this.#judge(levels.length - REACH_FRAMES - 1);
  }

  /** @returns the frames for which there is nothing more to come */
  end(): Float32Array {
    return this.#judge(this.#levels.length);
  }

  #judge(until: number): Float32Array {
    const levels = this.#levels;
    const { before, after } = quietestAround(threeMeans(levels), REACH_FRAMES);
    const probabilities = new Float32Array(Math.max(0, until - this.#judged));
    for (let i = 0; i < probabilities.length; i++) {
      const at = this.#judged + i;
      const rest = levels.length - 1 - at;
      const background = Math.max(
        SILENCE_DB - STANDS_OUT_DB,
        hears(at, rest) ? (before[at] as number) : SILENCE_DB,
        hears(rest, at) ? (after[at] as number) : SILENCE_DB,
      );
      const standsOutDb = (levels[at] as number) - background;
      probabilities[i] = 1 / (1 + Math.exp(-(standsOutDb - STANDS_OUT_DB) / SLOPE_DB));
    }
    this.#judged += probabilities.length;
    const spent = Math.max(0, this.#judged - REACH_FRAMES - 1);
    this.#levels = levels.slice(spent);
    this.#judged -= spent;
    return probabilities;
  }
}

/** Whether a side with so many frames says what the background is. */
function hears(frames: number, otherSide: number): boolean {
  return frames >= Math.min(LEAST_REACH_FRAMES, otherSide);
}

/** Each value with its neighbours: one frame that happens to be quiet is no background. */
function threeMeans(values: Float64Array): Float64Array {
  const means = new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    means[i] = ((values[i - 1] ?? value) + value + (values[i + 1] ?? value)) / 3;
  }
  return means;
}

/**
 * The smallest of each value and the `reach` before it, and of each and the `reach` after it, by a queue of candidates, as
 * for any sliding minimum: what is after a value is before the one `reach` later.
 */
function quietestAround(values: Float64Array, reach: number): { before: Float64Array; after: Float64Array } {
  const { length } = values;
  const before = new Float64Array(length);
  const queue = new Int32Array(length);
  let first = 0;
  let end = 0;
  for (let i = 0; i < length; i++) {
    const value = values[i] as number;
    while (end > first && (values[queue[end - 1] as number] as number) >= value) end--;
    queue[end++] = i;
    if ((queue[first] as number) < i - reach) first++;
    before[i] = values[queue[first] as number] as number;
  }
  const after = new Float64Array(length);
  after.set(before.subarray(reach));
  let least = Number.POSITIVE_INFINITY;
  for (let i = length - 1; i >= Math.max(0, length - reach); i--) {
    least = Math.min(least, values[i] as number);
    after[i] = least;
  }
  return { before, after };
}
