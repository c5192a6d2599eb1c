import type { Includable } from "../core/request.js";
import { type Transcript, transcriptText } from "../core/result.js";
import { diagnosticsOf } from "./diagnostics.js";
import { logprobsMember } from "./logprobs.js";
import { type Renderer, type ReplyStamp, rendered } from "./rendered.js";
import { secondsOf } from "./timestamp.js";
import { fullUsage } from "./usage.js";
import { verboseSegment } from "./verbose-segment.js";

/**
 * `json` of the unified dialect: OpenAI's, with the segments, the model and who answered. Vercel's AI SDK refuses any reply
 * whose segments are not OpenAI's whole ones, whatever the format (`openaiTranscriptionResponseSchema` in
 * `@ai-sdk/openai`), so they have all members here.
 */
export const renderJson: Renderer = (transcript, stamp, include = []) => {
  const { usage, ...reply } = jsonReply(transcript, stamp);
  const segments = transcript.segments.map((segment, id) => ({
    ...verboseSegment(segment, id),
    text: segment.text.trim(),
  }));
  return rendered({ ...reply, segments, usage, ...includedMembers(transcript, include) });
};

/** With segments of the members that routers give them. */
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
