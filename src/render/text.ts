import { type Transcript, transcriptText } from "../core/result.js";
import type { Rendered } from "./rendered.js";

/** The text alone, on a line of its own; of silence that is an empty line. */
export function renderText(transcript: Transcript): Rendered {
  return { contentType: "text/plain; charset=utf-8", body: `${transcriptText(transcript)}\n` };
}
