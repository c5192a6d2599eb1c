import { type Transcript, transcriptText } from "../core/result.js";
import { JSON_CONTENT_TYPE, type Rendered, type ReplyStamp } from "./rendered.js";
import { secondsOf } from "./timestamp.js";
import { durationUsage } from "./usage.js";

/** `json` of the unified dialect: OpenAI's, with the segments, the model and who answered. */
export function renderJson(transcript: Transcript, stamp: ReplyStamp): Rendered {
  const reply = {
    id: stamp.id,
    object: "audio.transcription",
    created: stamp.createdSec,
    provider: transcript.provider,
    model: transcript.model,
    text: transcriptText(transcript),
    language: transcript.language,
    segments: transcript.segments.map((segment, id) => ({
      id,
      start: secondsOf(segment.startMs),
      end: secondsOf(segment.endMs),
      text: segment.text.trim(),
    })),
    usage: { ...durationUsage(transcript.durationMs), audio_duration_seconds: secondsOf(transcript.durationMs) },
  };
  return { contentType: JSON_CONTENT_TYPE, body: JSON.stringify(reply) };
}
