import { SAMPLES_PER_MS } from "../core/audio.js";
import { FRAME_MS } from "./segmenter.js";

/** How loud a window is, every 10 ms. */
export interface Band {
  /** Decibels above one step of 16 bits, over 20 ms around each frame. */
  levels: Float32Array;
  /** What nine tenths of the frames exceed: the room. */
  floor: number;
}

/** All of the sound, and its sharp part: hum and rumble drown vowels' ends, but not an s or an f. */
export interface Loudness {
  full: Band;
  sharp: Band;
}

/** A run of quiet frames, both included. */
export interface Pause {
  first: number;
  last: number;
}

const FRAME_SAMPLES = FRAME_MS * SAMPLES_PER_MS;
/** On either side of a frame: a period of the lowest voices must fit in. */
const MARGIN_SAMPLES = FRAME_SAMPLES / 2;
const FLOOR_SHARE = 0.1;
/** Of the sample before, taken away: the pre-emphasis of speech coding, which lifts what is above 1 kHz. */
const PRE_EMPHASIS = 0.9;

/** @param pcm 16 kHz mono */
export function loudnessOf(pcm: Int16Array): Loudness {
  const sharp = Float32Array.from(pcm, (sample, at) => sample - PRE_EMPHASIS * (pcm[at - 1] ?? 0));
  return { full: bandOf(pcm), sharp: bandOf(sharp) };
}

function bandOf(samples: Int16Array | Float32Array): Band {
  const levels = new Float32Array(Math.floor(samples.length / FRAME_SAMPLES));
  for (let frame = 0; frame < levels.length; frame++) {
    const from = Math.max(0, frame * FRAME_SAMPLES - MARGIN_SAMPLES);
    const to = Math.min(samples.length, (frame + 1) * FRAME_SAMPLES + MARGIN_SAMPLES);
    let energy = 0;
    for (let at = from; at < to; at++) energy += (samples[at] as number) ** 2;
    levels[frame] = 10 * Math.log10(1 + energy / (to - from));
  }
  const floor = Float32Array.from(levels).sort()[Math.floor(levels.length * FLOOR_SHARE)] ?? 0;
  return { levels, floor };
}

/** The loudest of the frames `from` to `to`, both included, as far as there are such. */
export function loudest({ levels }: Band, from: number, to: number): number {
  let most = 0;
  for (let frame = Math.max(0, from); frame <= Math.min(levels.length - 1, to); frame++) {
    most = Math.max(most, levels[frame] as number);
  }
  return most;
}

/** The quietest frame of `from` to `to`, both included; of equals the first. */
export function quietest({ levels }: Band, from: number, to: number): number {
  let best = from;
  for (let frame = from; frame <= to; frame++) {
    if ((levels[frame] ?? Number.POSITIVE_INFINITY) < (levels[best] ?? Number.POSITIVE_INFINITY)) best = frame;
  }
  return best;
}

/** The longest run of frames that are `isQuiet`, within `from` to `to`, both included; of equals the first. */
export function longestPause(from: number, to: number, isQuiet: (frame: number) => boolean): Pause | undefined {
  let best: Pause | undefined;
  let first = -1;
  for (let frame = from; frame <= to; frame++) {
    if (!isQuiet(frame)) {
      first = -1;
      continue;
    }
    if (first < 0) first = frame;
    if (!best || frame - first > best.last - best.first) best = { first, last: frame };
  }
  return best;
}
