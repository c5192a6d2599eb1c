import type { Span } from "../core/window.js";

/** Timestamps and the edges of speech are each off by a tenth of a second at times. */
const TOLERANCE_MS = 200;

/**
 * Whether a stretch lies where nobody speaks: farther from every stretch of speech than the tolerance.
 * @param speech in the same time as the stretch; undefined: not known, so nothing lies outside
 */
export function isOutsideSpeech(stretch: Span, speech: readonly Span[] | undefined): boolean {
  return (
    speech?.every(
      ({ startMs, endMs }) => stretch.endMs < startMs - TOLERANCE_MS || stretch.startMs > endMs + TOLERANCE_MS,
    ) ?? false
  );
}
