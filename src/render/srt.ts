import type { Transcript } from "../core/result.js";
import { cuesOf } from "./cues.js";
import type { Rendered } from "./rendered.js";
import { timestamp } from "./timestamp.js";

/** SubRip: cues numbered from 1, each followed by a blank line, as OpenAI's. */
export function renderSrt(transcript: Transcript): Rendered {
  const cues = cuesOf(transcript).map(
    ({ startMs, endMs, text }, index) =>
      `${index + 1}\n${timestamp(startMs, ",")} --> ${timestamp(endMs, ",")}\n${text}\n\n`,
  );
  return { contentType: "application/x-subrip; charset=utf-8", body: cues.join("") };
}
