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

/** https://docs.together.ai/reference/audio-transcriptions: the one of the five that tells speakers apart. */
export const together: Wire = {
  dialect: "together",
  fileKinds: ["flac", "m4a", "mp3", "wav", "webm"],
  maxUploadMb: undefined,
  streams: false,
  inability: (request) => (request.include.includes("logprobs") ? "logprobs" : commonInability(request)),
  write: (request, model) => {
    const hasSpeakers = wantsSpeakers(request);
    const hasWords = hasSpeakers || request.granularities.includes("word");
    return {
      path: audioPath(request),
      fields: [
        ...optional("model", model),
        // English is its default.
        ["language", languageOf(request) ?? "auto"],
        ...optional("prompt", promptText(request)),
        ...temperatureField(request),
        ["response_format", "verbose_json"],
        ["timestamp_granularities", "segment"],
        ...(hasWords ? ([["timestamp_granularities", "word"]] as const) : []),
        ...(hasSpeakers ? ([["diarize", "true"]] as const) : []),
        ...optional("min_speakers", hasSpeakers ? request.minSpeakers : undefined),
        ...optional("max_speakers", hasSpeakers ? request.maxSpeakers : undefined),
      ],
    };
  },
  read: readOpenAiReply,
};
