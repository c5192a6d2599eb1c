import type { TranscribeRequest } from "../../core/request.js";
import {
  audioPath,
  commonInability,
  languageOf,
  optional,
  promptText,
  temperatureField,
  type Wire,
  wantsSpeakers,
} from "../wire.js";
import { readOpenAiReply } from "./openai-reply.js";

/** Models that know no `verbose_json`: https://platform.openai.com/docs/api-reference/audio/createTranscription */
const JSON_ONLY = /^gpt-/;

/** OpenAI, and whatever speaks like it: another Sotto under `/v1`, or one of the many servers. */
export const openai: Wire = {
  dialect: "openai",
  fileKinds: ["flac", "m4a", "mp3", "mp4", "mpeg", "ogg", "wav", "webm"],
  maxUploadMb: 25,
  streams: true,
  inability: (request) => (wantsSpeakers(request) ? "speakers" : commonInability(request)),
  write: (request, model) => {
    // A translation is always English, and has no field to say what was spoken.
    const language = request.task === "transcribe" ? languageOf(request) : undefined;
    return {
      path: audioPath(request),
      fields: [
        ...optional("model", model),
        ...optional("language", language),
        ...optional("prompt", promptText(request)),
        ...temperatureField(request),
        ...formatFields(request, model),
      ],
    };
  },
  read: readOpenAiReply,
};

/** The richest format that says what was asked for. */
function formatFields(request: TranscribeRequest, model: string): (readonly [string, string])[] {
  const hasLogprobs = request.include.includes("logprobs");
  const logprobs: (readonly [string, string])[] = hasLogprobs ? [["include[]", "logprobs"]] : [];
  if (request.stream) return [["response_format", "json"], ["stream", "true"], ...logprobs];
  if (hasLogprobs || JSON_ONLY.test(model)) return [["response_format", "json"], ...logprobs];
  const verbose = ["response_format", "verbose_json"] as const;
  if (request.task === "translate" || !request.granularities.includes("word")) return [verbose];
  return [verbose, ["timestamp_granularities[]", "word"], ["timestamp_granularities[]", "segment"]];
}
