import { secondsOf } from "./timestamp.js";

/** What a transcription is counted as, in OpenAI's shape: seconds of audio, rounded up. */
export interface DurationUsage {
  type: "duration";
  seconds: number;
}

export function durationUsage(durationMs: number): DurationUsage {
  return { type: "duration", seconds: Math.ceil(secondsOf(durationMs)) };
}

/** The same with the exact duration beside it. */
export function fullUsage(durationMs: number): DurationUsage & { audio_duration_seconds: number } {
  return { ...durationUsage(durationMs), audio_duration_seconds: secondsOf(durationMs) };
}
