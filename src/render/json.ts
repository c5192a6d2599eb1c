import type { Includable } from "../core/request.js";
import { type Transcript, transcriptText } from "../core/result.js";
import { diagnosticsOf } from "./diagnostics.js";
import { logprobsMember } from "./logprobs.js";
import { type Renderer, type ReplyStamp, rendered } from "./rendered.js";
import { secondsOf } from "./timestamp.js";
import { fullUsage } from "./usage.js";

/** `json` of the unified dialect: OpenAI's, with the segments, the model and who answered. */
export const renderJson: Renderer = (transcript, stamp, include = []) =>
  rendered({
    ...jsonReply(transcript, stamp),
    ...includedMembers(transcript, include),
  });

export function jsonReply(transcript: Transcript, stamp: ReplyStamp) {
  return {
    id: `trn_${stamp.id.replaceAll("-", "")}`,
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
    usage: fullUsage(transcript.durationMs),
  };
}

/** What `include` adds to a reply in JSON. */
export function includedMembers(transcript: Transcript, include: readonly Includable[]) {
  return {
    ...(include.includes("logprobs") ? logprobsMember(transcript.segments) : {}),
    ...(include.includes("diagnostics") ? { diagnostics: diagnosticsOf(transcript) } : {}),
  };
}
