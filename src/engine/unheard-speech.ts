import { SAMPLES_PER_MS, type Stretch, type Window } from "../core/audio.js";
import type { Segment, Suppression } from "../core/result.js";
import type { DecodeParams, Span, WindowResult } from "../core/window.js";
import { TimeMap } from "../stitch/time-map.js";

/** Hardly a word is shorter; a breath or a click often is. */
const LEAST_MS = 200;
/** So far a neighbour's segment may reach into speech that it does not hold (`stitch/time-map.ts` places it alike). */
const EDGE_MS = 120;
/** What is 20 dB fainter than the speech that was heard is no part of the talk: breath, handling, another room. */
const FAINTEST_SHARE = 0.01;
/** So much of the pauses around is heard too: the other hearings begin 130 ms later, and should not begin within a word. */
const ROOM_MS = 300;

/**
 * The speech of a window for which nothing was written, as a window of its own: in a window full of talk Whisper passes over
 * a short utterance at times, or ends early.
 * @param written for what the model wrote something, kept or not, by its own timestamps: by its words a segment may seem to
 *   lie on one side of a pause alone, and what it holds would be heard twice
 * @returns stretches of the window, in its samples
 */
export function unheardSpeech(
  pcm: Int16Array,
  { speechSpans = [], jointsMs = [] }: Pick<DecodeParams, "speechSpans" | "jointsMs">,
  written: readonly Span[],
): Window | undefined {
  const isHeard = speechSpans.map((span) => written.some((one) => reachesInto(one, span)));
  const isPassedOver = speechSpans.map(({ startMs, endMs }, index) => !isHeard[index] && endMs - startMs >= LEAST_MS);
  // Most often, and then nothing is measured.
  if (!isPassedOver.includes(true)) return undefined;
  const heardPower = Math.max(0, ...speechSpans.filter((_, index) => isHeard[index]).map((span) => powerOf(pcm, span)));
  const isUnheard = speechSpans.map(
    (span, index) => isPassedOver[index] && powerOf(pcm, span) >= heardPower * FAINTEST_SHARE,
  );
  const window = { stretches: [] as Stretch[], speech: [] as Stretch[] };
  let [fromMs, toMs] = [0, 0];
  for (const [index, span] of speechSpans.entries()) {
    if (!isUnheard[index]) continue;
    const [before, after] = [speechSpans[index - 1], speechSpans[index + 1]];
    const goesOn = before && isUnheard[index - 1] && !jointsMs.some((ms) => ms > before.endMs && ms <= span.startMs);
    const lengthMs = pcm.length / SAMPLES_PER_MS;
    if (goesOn) window.stretches.pop();
    else fromMs = span.startMs - roomIn(span.startMs - (before?.endMs ?? 0), isUnheard[index - 1]);
    toMs = span.endMs + roomIn((after?.startMs ?? lengthMs) - span.endMs, isUnheard[index + 1]);
    window.stretches.push(stretchOf({ startMs: fromMs, endMs: toMs }));
    window.speech.push(stretchOf(span));
  }
  return window.speech.length > 0 ? window : undefined;
}

/** The sound of stretches of a window. */
export function soundOf(pcm: Int16Array, { stretches }: Window): Int16Array {
  const pieces = stretches.map(({ firstSample, sampleCount }) => pcm.subarray(firstSample, firstSample + sampleCount));
  const sound = new Int16Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    sound.set(piece, at);
    at += piece.length;
  }
  return sound;
}

/** The result of a window with what was heard of it alone; that it was is told. */
export function withUnheard(result: WindowResult, unheard: Window, alone: WindowResult): WindowResult {
  const times = new TimeMap(unheard);
  const placed = alone.segments.map((segment): Segment => {
    const { words } = segment;
    return {
      ...segment,
      ...times.span(segment),
      seekMs: times.moment(segment.seekMs),
      ...(words ? { words: words.map((word) => ({ ...word, ...times.span(word) })) } : {}),
    };
  });
  const told = unheard.speech.map(({ firstSample, sampleCount }): Suppression => {
    const startMs = firstSample / SAMPLES_PER_MS;
    const endMs = startMs + sampleCount / SAMPLES_PER_MS;
    return { startMs, endMs, reason: "unheard", action: "retried", text: "" };
  });
  const dropped = alone.suppressed.map((one) => ({ ...one, ...times.span(one) }));
  const sum = <Figures extends object>(one: Figures, other: Figures) =>
    Object.fromEntries(
      Object.entries(one).map(([name, value]) => [name, value + other[name as keyof Figures]]),
    ) as Figures;
  return {
    ...result,
    segments: [...result.segments, ...placed].sort((a, b) => a.startMs - b.startMs),
    suppressed: [...result.suppressed, ...told, ...dropped],
    tokenCounts: sum(result.tokenCounts, alone.tokenCounts),
    fallbacks: result.fallbacks + alone.fallbacks,
    timings: sum(result.timings, alone.timings),
  };
}

function reachesInto({ startMs, endMs }: Span, span: Span): boolean {
  const edge = Math.min(EDGE_MS, (span.endMs - span.startMs) / 2);
  return startMs < span.endMs - edge && endMs > span.startMs + edge;
}

/** How much of a pause belongs to the speech beside it: half, if what lies beyond is to be heard too. */
function roomIn(pauseMs: number, isShared = false): number {
  return Math.max(0, Math.min(ROOM_MS, isShared ? Math.floor(pauseMs / 2) : pauseMs));
}

function stretchOf({ startMs, endMs }: Span): Stretch {
  const firstSample = Math.round(startMs * SAMPLES_PER_MS);
  return { firstSample, sampleCount: Math.round(endMs * SAMPLES_PER_MS) - firstSample };
}

/** Mean square of the samples. */
function powerOf(pcm: Int16Array, { startMs, endMs }: Span): number {
  const samples = pcm.subarray(Math.round(startMs * SAMPLES_PER_MS), Math.round(endMs * SAMPLES_PER_MS));
  return samples.reduce((sum, sample) => sum + sample * sample, 0) / Math.max(1, samples.length);
}
