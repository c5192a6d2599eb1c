import type { Transcript } from "../core/result.js";
import { cuesOf } from "./cues.js";
import type { Rendered } from "./rendered.js";
import { timestamp } from "./timestamp.js";

/** WebVTT (https://www.w3.org/TR/webvtt1/): hours always written, as OpenAI's. */
export function renderVtt(transcript: Transcript): Rendered {
  const cues = cuesOf(transcript).map(
    ({ startMs, endMs, text }) => `${timestamp(startMs, ".")} --> ${timestamp(endMs, ".")}\n${escapeMarkup(text)}\n\n`,
  );
  return { contentType: "text/vtt; charset=utf-8", body: `WEBVTT\n\n${cues.join("")}` };
}

/** `<` would open a tag. `&` is left alone where no player takes it for a character reference: "AT&T" stays readable. */
function escapeMarkup(text: string): string {
  return text.replace(/&(?=#|\w+;)/g, "&amp;").replaceAll("<", "&lt;");
}
