import { SAMPLES_PER_MS } from "../core/audio.js";

/** Cuts are possible every 20 ms: Whisper's timestamps are no finer. */
export const CUT_STEP_SAMPLES = 20 * SAMPLES_PER_MS;

/** A cut is judged by the 160 ms around it: longer than the closure of a stop consonant, shorter than a pause. */
const FRAMES_EACH_SIDE = 4;
/** In a long pause the cut leaves this much of it to the next window, so that no onset is clipped: 300 ms. */
const LEAD_IN_FRAMES = 15;

/** As good as the quietest place: within 6 dB of it. */
const NEAR_QUIETEST = 4;
/** A pause wherever it lies: 26 dB below the average of the stretch, which is mostly speech. */
const BELOW_AVERAGE = 1 / 400;
/** Below -60 dB of full scale all is silence alike. */
const SILENCE_POWER = 32768 ** 2 / 10 ** 6;

/** Mean power of each whole 20 ms frame, in squared sample units. */
export function stepPowers(samples: Int16Array): Float64Array {
  const powers = new Float64Array(Math.floor(samples.length / CUT_STEP_SAMPLES));
  for (let frame = 0; frame < powers.length; frame++) {
    let sum = 0;
    for (let i = frame * CUT_STEP_SAMPLES; i < (frame + 1) * CUT_STEP_SAMPLES; i++) {
      const sample = samples[i] as number;
      sum += sample * sample;
    }
    powers[frame] = sum / CUT_STEP_SAMPLES;
  }
  return powers;
}

/**
 * Chooses where to cut a stretch: in the last of its pauses. A pause is where the sound is within 6 dB of the stretch's
 * quietest place, or 26 dB below its average; a fixed cut would be a word cut in two, and the quietest place alone would
 * make windows short for a pause that is hardly better than a later one. Without any pause, as in steady noise, the cut
 * is near the end.
 * @returns the number of frames before the cut
 */
export function quietCut(powers: Float64Array): number {
  const around = powersAroundCuts(powers);
  let quietest = Number.POSITIVE_INFINITY;
  let average = 0;
  for (const power of around) {
    quietest = Math.min(quietest, power);
    average += power / around.length;
  }
  const pausePower = Math.max(quietest * NEAR_QUIETEST, average * BELOW_AVERAGE, SILENCE_POWER);

  let end = around.length - 1;
  while ((around[end] as number) > pausePower) end--;
  let start = end;
  while (start > 0 && (around[start - 1] as number) <= pausePower) start--;
  return Math.max(Math.ceil((start + end) / 2), end - LEAD_IN_FRAMES);
}

/** Entry `i`: mean power of up to 160 ms around the cut before frame `i`; the last entry is the cut after all frames. */
function powersAroundCuts(powers: Float64Array): Float64Array {
  const around = new Float64Array(powers.length + 1);
  for (let cut = 0; cut < around.length; cut++) {
    const near = powers.subarray(Math.max(0, cut - FRAMES_EACH_SIDE), cut + FRAMES_EACH_SIDE);
    around[cut] = near.reduce((sum, power) => sum + power, 0) / near.length;
  }
  return around;
}
