import { SAMPLE_RATE, SAMPLES_PER_MS, type Stretch, WINDOW_MAX_SAMPLES, type Window } from "../core/audio.js";
import type { SpeechParams } from "./speech-params.js";
import type { SpeechSpan } from "./speech-spans.js";

/** Where a window has room, a pause up to this long stays whole: speech is heard best as it was said. In more silence models invent. */
const WHOLE_PAUSE_SAMPLES = 5 * SAMPLE_RATE;
/** More around speech leaves no room for the speech. */
const MOST_LEAD_SAMPLES = 5 * SAMPLE_RATE;
/** Of the pauses in the last so many seconds of a full window the longest is taken: it is the likeliest end of a sentence. */
const CHOICE_SAMPLES = 3 * SAMPLE_RATE;
/** Pauses from here on end a sentence alike: of them the last is taken, for every window costs as much as a full one. */
const END_OF_SENTENCE_SAMPLES = 0.4 * SAMPLE_RATE;
/** No window ends earlier for the sake of a pause; then a quiet place has to do. */
const LEAST_SAMPLES = 10 * SAMPLE_RATE;
/** Quiet places are looked for in so much of the speech. */
const SEARCH_SAMPLES = 15 * SAMPLE_RATE;
/** A shorter rest gives Whisper too little to go by. */
const REST_SAMPLES = SAMPLE_RATE;

/** Chooses where speech without a pause is cut, between two samples of the file. */
export type QuietPlace = (fromSample: number, toSample: number) => Promise<number>;

/**
 * Packs spans of speech into windows of at most 30 s. Each sample of speech is in exactly one window. Windows end in pauses;
 * speech that has none is cut at a quiet place. Of a pause the edges are heard for sure, and all of it where there is room: each
 * window costs as much as a full one, so that the fewest are the cheapest. What is left out of a pause is in no window.
 */
export class WindowPacker {
  readonly #leadIn: number;
  readonly #leadOut: number;
  /** Of a pause so much is heard for sure: Whisper places its timestamps in pauses. */
  readonly #edges: number;
  readonly #quietPlace: QuietPlace;
  /** Of the window under way. */
  #spans: SpeechSpan[] = [];
  /** Where the speech of the last window ended. */
  #doneUntil: number | undefined;

  constructor({ leadInMs, leadOutMs }: SpeechParams, quietPlace: QuietPlace) {
    this.#leadIn = Math.min(leadInMs * SAMPLES_PER_MS, MOST_LEAD_SAMPLES);
    this.#leadOut = Math.min(leadOutMs * SAMPLES_PER_MS, MOST_LEAD_SAMPLES);
    this.#edges = this.#leadIn + this.#leadOut;
    this.#quietPlace = quietPlace;
  }

  /** The end of the speech that waits for more; undefined: none does. */
  get waitsSince(): number | undefined {
    return this.#spans.at(-1)?.end;
  }

  /** Takes the next span, no longer than a piece of `speech-spans.ts`, and gives the windows that are full before it. */
  async add(span: SpeechSpan): Promise<Window[]> {
    const full: Window[] = [];
    let next = span;
    while (this.#length([...this.#spans, next]) > WINDOW_MAX_SAMPLES) {
      const all = [...this.#spans, next];
      const count = this.#pauseBefore(all);
      const parts =
        count === undefined ? await this.#cutAtQuietPlace(all) : { taken: all.slice(0, count), rest: all.slice(count) };
      full.push(this.#take(parts));
      // What is left of it.
      next = this.#spans.pop() as SpeechSpan;
    }
    this.#spans.push(next);
    return full;
  }

  /** @param sampleCount how much of the recording there is @returns what was under way, if anything was */
  flush(sampleCount: number): Window | undefined {
    if (this.#spans.length === 0) return undefined;
    return this.#take({ taken: this.#spans, rest: [] }, sampleCount);
  }

  /** How many spans are before the pause at which the window should end; undefined: there is no good one. */
  #pauseBefore(spans: readonly SpeechSpan[]): number | undefined {
    let chosen: { count: number; pause: number; isLate: boolean } | undefined;
    for (let count = 1; count < spans.length; count++) {
      const found = pauseBetween(spans[count - 1] as SpeechSpan, spans[count] as SpeechSpan);
      const pause = Math.min(found, END_OF_SENTENCE_SAMPLES);
      const length = this.#length(spans.slice(0, count));
      if (pause === 0 || length < LEAST_SAMPLES) continue;
      const isLate = length >= WINDOW_MAX_SAMPLES - CHOICE_SAMPLES;
      if (!chosen?.isLate || pause >= chosen.pause) chosen = { count, pause, isLate };
    }
    return chosen?.count;
  }

  async #cutAtQuietPlace(spans: readonly SpeechSpan[]): Promise<{ taken: SpeechSpan[]; rest: SpeechSpan[] }> {
    let first = spans.length - 1;
    while (first > 0 && pauseBetween(spans[first - 1] as SpeechSpan, spans[first] as SpeechSpan) === 0) first--;
    const run = spans[first] as SpeechSpan;
    const before = this.#length(spans.slice(0, first + 1)) - (run.end - run.start) - this.#leadOut;
    const latest = Math.min(run.start + WINDOW_MAX_SAMPLES - before, (spans.at(-1) as SpeechSpan).end - REST_SAMPLES);
    const cut = await this.#quietPlace(Math.max(run.start + REST_SAMPLES, latest - SEARCH_SAMPLES), latest);
    const taken = spans
      .filter(({ start }) => start < cut)
      .map(({ start, end }) => ({ start, end: Math.min(end, cut) }));
    const rest = spans.filter(({ end }) => end > cut).map(({ start, end }) => ({ start: Math.max(start, cut), end }));
    return { taken, rest };
  }

  #take({ taken, rest }: { taken: SpeechSpan[]; rest: SpeechSpan[] }, sampleCount = Number.POSITIVE_INFINITY): Window {
    const last = taken.at(-1) as SpeechSpan;
    const next = rest[0];
    const leadOut = next
      ? this.#share(pauseBetween(last, next)).after
      : Math.min(this.#leadOut, Math.max(0, sampleCount - last.end));
    const window = this.#layOut(taken, leadOut);
    this.#doneUntil = last.end;
    this.#spans = rest;
    return window;
  }

  #layOut(spans: readonly SpeechSpan[], leadOut: number): Window {
    const stretches: Stretch[] = [];
    const speech: Stretch[] = [];
    const afterWholePause = this.#afterWholePause(spans, leadOut);
    let from = (spans[0] as SpeechSpan).start - this.#leadInOf(spans[0] as SpeechSpan);
    spans.forEach((span, index) => {
      const before = spans[index - 1];
      const pause = before ? pauseBetween(before, span) : 0;
      if (before && !afterWholePause.has(span)) {
        stretches.push(stretch(from, before.end + this.#leadOut));
        from = span.start - this.#leadIn;
      }
      const last = speech.at(-1);
      if (before && last && pause === 0) last.sampleCount += span.end - span.start;
      else speech.push(stretch(span.start, span.end));
    });
    stretches.push(stretch(from, (spans.at(-1) as SpeechSpan).end + leadOut));
    return { stretches, speech };
  }

  /** Which of these spans have the whole pause before them: the shortest pauses, as many as the window has room for. */
  #afterWholePause(spans: readonly SpeechSpan[], leadOut: number): ReadonlySet<SpeechSpan> {
    const pauses = spans
      .slice(1)
      .map((span, index) => ({ span, pause: pauseBetween(spans[index] as SpeechSpan, span) }));
    let room = WINDOW_MAX_SAMPLES - (this.#length(spans) - this.#leadOut + leadOut);
    const whole = new Set<SpeechSpan>();
    for (const { span, pause } of pauses.sort((a, b) => a.pause - b.pause)) {
      room -= Math.max(0, pause - this.#edges);
      if (room < 0 || pause > Math.max(WHOLE_PAUSE_SAMPLES, this.#edges)) break;
      whole.add(span);
    }
    return whole;
  }

  /** Length of the shortest window that these spans could make. */
  #length(spans: readonly SpeechSpan[]): number {
    const [first] = spans;
    if (!first) return 0;
    let length = this.#leadInOf(first) + this.#leadOut;
    spans.forEach((span, index) => {
      const before = spans[index - 1];
      const pause = before ? pauseBetween(before, span) : 0;
      length += span.end - span.start + Math.min(pause, this.#edges);
    });
    return length;
  }

  #leadInOf({ start }: SpeechSpan): number {
    if (this.#doneUntil === undefined) return Math.min(this.#leadIn, start);
    return this.#share(start - this.#doneUntil).before;
  }

  /** How two windows share the pause between them. */
  #share(pause: number): { after: number; before: number } {
    if (pause >= this.#edges) return { after: this.#leadOut, before: this.#leadIn };
    const after = Math.floor((pause * this.#leadOut) / this.#edges);
    return { after, before: pause - after };
  }
}

function pauseBetween(before: SpeechSpan, after: SpeechSpan): number {
  return after.start - before.end;
}

function stretch(from: number, to: number): Stretch {
  return { firstSample: from, sampleCount: to - from };
}
