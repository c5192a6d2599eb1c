import type { Transcript } from "../core/result.js";
import { secondsOf } from "./timestamp.js";

/** What was left out and why, and where the time went: `include[]=diagnostics`. */
export function diagnosticsOf({ durationMs, timings, work, windowCount, suppressed }: Transcript) {
  return {
    queue_ms: wholeMs(work.queueMs),
    decode_ms: wholeMs(timings.decodeMs),
    vad_ms: wholeMs(work.speechMs),
    encode_ms: wholeMs(timings.melMs + timings.encodeMs),
    sample_ms: wholeMs(timings.sampleMs),
    windows: windowCount,
    /** Time taken over time heard: below 1 is faster than the sound. */
    real_time_factor: durationMs > 0 ? Math.round((1000 * work.elapsedMs) / durationMs) / 1000 : 0,
    backend: work.backend,
    threads: work.threads,
    short_windows: work.shortWindows,
    suppressed: suppressed.map(({ startMs, endMs, reason, action, text }) => ({
      start: secondsOf(startMs),
      end: secondsOf(endMs),
      reason,
      action,
      text,
    })),
    fallbacks: work.fallbacks,
  };
}

function wholeMs(ms: number): number {
  return Math.max(0, Math.round(ms));
}
