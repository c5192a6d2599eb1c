import { transcriptText } from "../core/result.js";
import { type Renderer, rendered } from "./rendered.js";
import { secondsOf } from "./timestamp.js";
import { durationUsage } from "./usage.js";

/** OpenAI's `CreateTranscriptionResponseDiarizedJson`. */
export const renderDiarizedJson: Renderer = (transcript) =>
  rendered({
    task: transcript.task,
    duration: secondsOf(transcript.durationMs),
    text: transcriptText(transcript),
    segments: transcript.segments.map(({ startMs, endMs, text, speaker = "" }, index) => ({
      type: "transcript.text.segment",
      id: `seg_${String(index + 1).padStart(3, "0")}`,
      start: secondsOf(startMs),
      end: secondsOf(endMs),
      text: text.trim(),
      speaker,
    })),
    usage: durationUsage(transcript.durationMs),
  });
