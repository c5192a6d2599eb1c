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

/** https://api.cometapi.com: the six oldest fields of OpenAI's. */
export const comet: Wire = {
  dialect: "comet",
  fileKinds: ["flac", "m4a", "mp3", "mp4", "mpeg", "ogg", "wav", "webm"],
  maxUploadMb: undefined,
  streams: false,
  inability: (request) => {
    if (wantsSpeakers(request)) return "speakers";
    return request.include.includes("logprobs") ? "logprobs" : commonInability(request);
  },
  write: (request, model) => ({
    path: audioPath(request),
    fields: [
      ...optional("model", model),
      ...optional("language", request.task === "transcribe" ? languageOf(request) : undefined),
      ...optional("prompt", promptText(request)),
      ...temperatureField(request),
      ["response_format", "verbose_json"],
    ],
  }),
  read: readOpenAiReply,
};
