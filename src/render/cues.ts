import type { Transcript } from "../core/result.js";

/** A subtitle: one segment made fit for SRT and WebVTT. */
export interface Cue {
  startMs: number;
  /** Never before `startMs`. */
  endMs: number;
  /** Without blank lines, which would end the cue, and without `-->`, which would start one. */
  text: string;
}

/** The cues of a transcript; segments without text make none. */
export function cuesOf(transcript: Transcript): Cue[] {
  return transcript.segments
    .map(({ startMs, endMs, text }) => ({ startMs, endMs: Math.max(startMs, endMs), text: cueText(text) }))
    .filter((cue) => cue.text !== "");
}

function cueText(text: string): string {
  const lines = text.split(/[\r\n]+/).map((line) => line.trim());
  return lines
    .filter((line) => line !== "")
    .join("\n")
    .replace(/-{2,}>/g, "->");
}
