import { samplesToMs, type Window } from "../core/audio.js";
import type { EngineTimings, Segment, Suppression, TokenCounts } from "../core/result.js";
import type { WindowResult } from "../core/window.js";

/** Moves a window's segments from the window's own time to the file's. */
export function placeSegments(window: Window, segments: readonly Segment[]): Segment[] {
  const offsetMs = samplesToMs(window.firstSample);
  const move = <Timed extends { startMs: number; endMs: number }>(timed: Timed): Timed => ({
    ...timed,
    startMs: timed.startMs + offsetMs,
    endMs: timed.endMs + offsetMs,
  });
  return segments.map((segment) => ({
    ...move(segment),
    ...(segment.words ? { words: segment.words.map(move) } : {}),
    seekMs: segment.seekMs + offsetMs,
  }));
}

/** The same for what was left out. */
export function placeSuppressed(window: Window, suppressed: readonly Suppression[]): Suppression[] {
  const offsetMs = samplesToMs(window.firstSample);
  return suppressed.map((one) => ({ ...one, startMs: one.startMs + offsetMs, endMs: one.endMs + offsetMs }));
}

export function sumCounts(results: readonly WindowResult[]): TokenCounts {
  const total: TokenCounts = { prompt: 0, completion: 0 };
  for (const { tokenCounts } of results) {
    total.prompt += tokenCounts.prompt;
    total.completion += tokenCounts.completion;
  }
  return total;
}

/** The sum of what the windows took. */
export function sumTimings(results: readonly WindowResult[]): EngineTimings {
  const total: EngineTimings = { melMs: 0, encodeMs: 0, decodeMs: 0, sampleMs: 0 };
  for (const { timings } of results) {
    total.melMs += timings.melMs;
    total.encodeMs += timings.encodeMs;
    total.decodeMs += timings.decodeMs;
    total.sampleMs += timings.sampleMs;
  }
  return total;
}
