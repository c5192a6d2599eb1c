import type { Segment, Transcript } from "../../src/core/result.js";

/** A segment of which only times and text matter. */
export function segment(startMs: number, endMs: number, text: string): Segment {
  return {
    startMs,
    endMs,
    text,
    tokens: [50364, 2425, 50489],
    seekMs: 0,
    temperature: 0,
    avgLogprob: -0.25,
    compressionRatio: 0.9,
    noSpeechProb: 0.01,
  };
}

/** A transcript of 3.52 s with these segments. */
export function transcript(...segments: Segment[]): Transcript {
  return {
    task: "transcribe",
    language: "en",
    languageProbability: 0.98,
    durationMs: 3520,
    segments,
    suppressed: [],
    model: "base-q8_0",
    provider: "local",
    tokenCounts: { prompt: 3, completion: 6 },
    timings: { melMs: 1, encodeMs: 2, decodeMs: 3, sampleMs: 4 },
    work: { queueMs: 5, elapsedMs: 352, speechMs: 4, backend: "cpu", threads: 2, shortWindows: false, fallbacks: 0 },
    windowCount: 1,
  };
}

export const TWO_SEGMENTS = transcript(segment(0, 2500, " Hello world."), segment(2500, 3500, " Good bye."));

export const SILENCE: Transcript = { ...transcript(), durationMs: 10_000 };

export const STAMP = { id: "3fa85f64-5717-4562-b3fc-2c963f66afa6", createdSec: 1715155200 };
