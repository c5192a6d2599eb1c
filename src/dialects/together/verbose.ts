import { type Transcript, transcriptText } from "../../core/result.js";
import { secondsOf } from "../../render/timestamp.js";
import { textLanguageName } from "../../render/verbose-json.js";
import { wordMembers } from "../../render/words.js";

/** Together's `AudioTranscriptionVerboseJsonResponse`: segments of four members, and speakers in turns of their own. */
export function togetherVerbose(transcript: Transcript) {
  return {
    task: transcript.task,
    language: textLanguageName(transcript),
    duration: secondsOf(transcript.durationMs),
    text: transcriptText(transcript),
    segments: transcript.segments.map(({ startMs, endMs, text }, id) => ({
      id,
      start: secondsOf(startMs),
      end: secondsOf(endMs),
      text: text.trim(),
    })),
    ...wordMembers(transcript),
  };
}
