import type { GrowingSpool } from "../core/audio.js";
import { FrameLoudness } from "./frame-loudness.js";
import { FRAME_SAMPLES, type JudgedFrames, type SpeechDetector } from "./speech-detector.js";
import { SpoolReader } from "./spool-reader.js";

/** The background is the quietest that was heard within so many frames to either side: three seconds. */
const REACH_FRAMES = 94;
/** Speech stands out from the background by this much: at so many decibels its probability is a half. */
const STANDS_OUT_DB = 6;
/** From a half, this many decibels more make it 0.73. Steady noise stays within 2 dB of its minimum. */
const SLOPE_DB = 1.5;
/** What is below that is silence, whatever stands out from it: a hiss of six steps of sixteen bits. */
const SILENCE_DB = -75;
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
    for (let at = firstFrame * FRAME_SAMPLES; ; ) {
      const samples = await reader.next(at, FRAMES_PER_READ * FRAME_SAMPLES, FRAME_SAMPLES);
      const startedMs = performance.now();
      const probabilities = samples.length > 0 ? judge.push(samples) : judge.end();
      yield { probabilities, computeMs: performance.now() - startedMs };
      if (samples.length === 0) return;
      at += samples.length;
    }
  }
}

/** Judges frames by the quietest around them, which includes those of the three seconds to come. */
export class EnergyJudge {
  readonly #loudness = new FrameLoudness();
  /** Levels of the frames that count for those still to be judged, the oldest first. */
  #levels: number[] = [];
  /** How many of them have been judged. */
  #judged = 0;

  /** @param samples whole frames; only the last call's last one may be cut short */
  push(samples: Int16Array): Float32Array {
    for (let at = 0; at < samples.length; at += FRAME_SAMPLES) {
      this.#levels.push(this.#loudness.measure(samples.subarray(at, at + FRAME_SAMPLES)));
    }
    return this.#judge(this.#levels.length - REACH_FRAMES - 1);
  }

  /** @returns the frames for which there is nothing more to come */
  end(): Float32Array {
    return this.#judge(this.#levels.length);
  }

  #judge(until: number): Float32Array {
    const backgrounds = slidingMinimum(threeMeans(this.#levels), REACH_FRAMES);
    const probabilities = new Float32Array(Math.max(0, until - this.#judged));
    for (let i = 0; i < probabilities.length; i++) {
      const level = this.#levels[this.#judged + i] as number;
      const background = Math.max(backgrounds[this.#judged + i] as number, SILENCE_DB - STANDS_OUT_DB);
      probabilities[i] = 1 / (1 + Math.exp(-(level - background - STANDS_OUT_DB) / SLOPE_DB));
    }
    this.#judged += probabilities.length;
    const spent = Math.max(0, this.#judged - REACH_FRAMES - 1);
    this.#levels = this.#levels.slice(spent);
    this.#judged -= spent;
    return probabilities;
  }
}

/** Each value with its neighbours: one frame that happens to be quiet is no background. */
function threeMeans(values: readonly number[]): number[] {
  return values.map((value, i) => {
    const near = [values[i - 1] ?? value, value, values[i + 1] ?? value];
    return near.reduce((sum, one) => sum + one, 0) / near.length;
  });
}

/** The smallest of each value and its neighbours up to `reach` to either side (a queue of candidates, as for any sliding minimum). */
function slidingMinimum(values: readonly number[], reach: number): number[] {
  const candidates: number[] = [];
  let next = 0;
  return values.map((_, i) => {
    for (; next < values.length && next <= i + reach; next++) {
      while (candidates.length > 0 && (values[candidates.at(-1) as number] as number) >= (values[next] as number)) {
        candidates.pop();
      }
      candidates.push(next);
    }
    while ((candidates[0] as number) < i - reach) candidates.shift();
    return values[candidates[0] as number] as number;
  });
}
