import type { EngineTimings, Segment, Suppression, TokenCounts, Word } from "../core/result.js";
import type { WindowResult } from "../core/window.js";
import type { TimeMap } from "./time-map.js";

/** Moves a window's segments from the window's own time to the file's. */
export function placeSegments(times: TimeMap, segments: readonly Segment[]): Segment[] {
  return segments.map((segment) => ({ ...segment, ...times.span(segment), seekMs: times.moment(segment.seekMs) }));
}

/** The same for what was left out. */
export function placeSuppressed(times: TimeMap, suppressed: readonly Suppression[]): Suppression[] {
  return suppressed.map((one) => ({ ...one, ...times.span(one) }));
}

/** The same for words. */
export function moveWords(times: TimeMap, words: readonly Word[]): Word[] {
  return words.map((word) => ({ ...word, ...times.span(word) }));
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
