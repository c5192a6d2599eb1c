import type { LanguageCode } from "../core/languages.js";
import type { EngineTimings, Segment, Suppression, TokenCounts, Word } from "../core/result.js";
import type { WindowResult } from "../core/window.js";
import type { TimeMap } from "./time-map.js";
import { placeWords } from "./words.js";

/** Moves a window's segments from the window's own time to the file's. */
export function placeSegments(times: TimeMap, segments: readonly Segment[]): Segment[] {
  // Words have a way of their own: `placeWordsOf`.
  return segments.map(({ words: _, ...segment }) => ({
    ...segment,
    ...times.span(segment),
    seekMs: times.moment(segment.seekMs),
  }));
}

/** The same for what was left out. */
export function placeSuppressed(times: TimeMap, suppressed: readonly Suppression[]): Suppression[] {
  return suppressed.map((one) => ({ ...one, ...times.span(one) }));
}

/** The words of segments in the file's time: after each other, within their segment, where somebody speaks. */
export function placeWordsOf(times: TimeMap, segments: readonly Segment[], language: LanguageCode): Word[] {
  return segments.flatMap((segment) => {
    const { startMs, endMs } = times.span(segment);
    let passedMs = startMs;
    return placeWords([segment], language).map((word) => {
      const span = times.span(word);
      const from = Math.min(Math.max(span.startMs, passedMs), endMs);
      passedMs = Math.min(Math.max(span.endMs, from), endMs);
      return { ...word, startMs: from, endMs: passedMs };
    });
  });
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
