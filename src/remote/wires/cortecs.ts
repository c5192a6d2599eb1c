import type { TranscribeRequest } from "../../core/request.js";
import {
  commonInability,
  languageOf,
  optional,
  promptText,
  temperatureField,
  type Wire,
  wantsSpeakers,
} from "../wire.js";
import { readOpenAiReply } from "./openai-reply.js";

/** https://docs.cortecs.ai: a router, whose own providers have to keep the client's wishes too. */
export const cortecs: Wire = {
  dialect: "cortecs",
  fileKinds: undefined,
  maxUploadMb: undefined,
  streams: false,
  inability: (request) => {
    if (request.task === "translate") return "task";
    if (wantsSpeakers(request)) return "speakers";
    return request.include.includes("logprobs") ? "logprobs" : commonInability(request);
  },
  write: (request, model) => ({
    path: "/audio/transcriptions",
    fields: [
      ...optional("model", model),
      ...optional("language", languageOf(request)),
      ...optional("prompt", promptText(request)),
      ...temperatureField(request),
      // Its json has segments; other formats depend on who serves.
      ["response_format", "json"],
      ...wishes(request),
    ],
  }),
  read: readOpenAiReply,
};

/** Those that differ from the router's defaults: each may cost a provider that could serve. `allowed_providers` are ours. */
function wishes({ preference, euNative, allowQuantization, allowZeroDataRetention }: TranscribeRequest) {
  const fields: (readonly [string, string])[] = [];
  if (preference !== "balanced") fields.push(["preference", preference]);
  if (euNative) fields.push(["eu_native", "true"]);
  if (!allowQuantization) fields.push(["allow_quantization", "false"]);
  if (allowZeroDataRetention) fields.push(["allow_zero_data_retention", "true"]);
  return fields;
}
