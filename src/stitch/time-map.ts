import { endOf, SAMPLES_PER_MS, type Stretch, type Window } from "../core/audio.js";

/** A stretch of time in whole milliseconds. */
export interface TimeSpan {
  startMs: number;
  endMs: number;
}

/**
 * Whisper's timestamps are good to about this much: what begins so shortly before a pause begins after it, and what ends
 * so shortly after one ended before it.
 */
const EDGE_MS = 120;

/** A speaker's own pause may lack so much: with the edges that a window keeps it has lasted 1.5 s. */
const OWN_PAUSE_MS = 900;

/** A part of a window: where it is in the window, and where in the file, in milliseconds. */
interface Part {
  windowMs: number;
  fileMs: number;
  durationMs: number;
}

/**
 * Says where in the file is what was heard in a window. A window is put together from stretches of the file; within each
 * both times run alike. Segments, words and what was suppressed are all placed by this one map.
 */
export class TimeMap {
  readonly #stretches: Part[];
  readonly #speech: Part[];

  constructor({ stretches, speech }: Window) {
    let windowMs = 0;
    this.#stretches = stretches.map((stretch) => {
      const part = { windowMs, fileMs: stretch.firstSample / SAMPLES_PER_MS, durationMs: durationOf(stretch) };
      windowMs += part.durationMs;
      return part;
    });
    this.#speech = speech.flatMap((one) => {
      const index = stretches.findIndex((stretch) => endOf(stretch) >= endOf(one));
      const part = this.#stretches[index];
      if (!part) return [];
      const fileMs = one.firstSample / SAMPLES_PER_MS;
      return [{ windowMs: part.windowMs + fileMs - part.fileMs, fileMs, durationMs: durationOf(one) }];
    });
  }

  /** Where somebody speaks, in the window's own time; undefined: nobody looked. */
  get speechSpans(): TimeSpan[] | undefined {
    if (this.#speech.length === 0) return undefined;
    return this.#speech.map((one) => ({ startMs: one.windowMs, endMs: endOfPart(one) }));
  }

  /** Where something of the file was left out, in the window's own time. */
  get jointsMs(): number[] {
    return this.#stretches.slice(1).map(({ windowMs }) => windowMs);
  }

  /** The joints at which so much was left out that what is said before and after does not belong together. */
  get partingsMs(): number[] {
    const leftOutMs = ({ fileMs }: Part, before: Part) => fileMs - before.fileMs - before.durationMs;
    return this.#stretches
      .filter((part, index) => index > 0 && leftOutMs(part, this.#stretches[index - 1] as Part) > OWN_PAUSE_MS)
      .map(({ windowMs }) => windowMs);
  }

  /** A moment of the window, in the file. At a joint it belongs to what follows. */
  moment(windowMs: number): number {
    const part = this.#stretches.findLast((one) => one.windowMs <= windowMs) ?? (this.#stretches[0] as Part);
    return Math.round(part.fileMs + clamp(windowMs - part.windowMs, part.durationMs));
  }

  /**
   * A span of the window, in the file. What begins in a pause begins with the speech after it, and what ends in one ends with
   * the speech before it: Whisper often counts silence to what is said. A span with no speech in it stays where it is.
   */
  span({ startMs, endMs }: TimeSpan): TimeSpan {
    const first = this.#speech.find((one) => startMs < endOfPart(one) - Math.min(EDGE_MS, one.durationMs / 2));
    const last = this.#speech.findLast((one) => endMs > one.windowMs + Math.min(EDGE_MS, one.durationMs / 2));
    if (!first || !last || first.windowMs > last.windowMs) return this.#plainSpan({ startMs, endMs });
    return {
      startMs: Math.round(first.fileMs + clamp(startMs - first.windowMs, first.durationMs)),
      endMs: Math.round(last.fileMs + clamp(endMs - last.windowMs, last.durationMs)),
    };
  }

  #plainSpan({ startMs, endMs }: TimeSpan): TimeSpan {
    const last = this.#stretches.findLast((one) => one.windowMs < endMs) ?? (this.#stretches[0] as Part);
    const end = Math.round(last.fileMs + clamp(endMs - last.windowMs, last.durationMs));
    return { startMs: Math.min(this.moment(startMs), end), endMs: end };
  }
}

function durationOf({ sampleCount }: Stretch): number {
  return sampleCount / SAMPLES_PER_MS;
}

function endOfPart({ windowMs, durationMs }: Part): number {
  return windowMs + durationMs;
}

function clamp(ms: number, most: number): number {
  return Math.min(Math.max(ms, 0), most);
}
