import type { Heard } from "../heard.js";
import { demandText, jsonObject, msOf, numberOf, objectOf, textOf } from "../json-reply.js";
import { commonInability, optional, promptText, type Wire, wantsSpeakers } from "../wire.js";

const PROMPT_MAX_CHARACTERS = 256;
/** `HH:MM:SS.mmm`, as the contract has it; services of .NET leave out what is zero, and write up to seven decimals. */
const DURATION = /^(?:(\d+)\.)?(\d+):(\d{1,2}):(\d{1,2}(?:\.\d+)?)$/;

/** `POST /api/v2/Audio/transcribe`: text, language and duration; no field for language, temperature or times. */
export const v2: Wire = {
  dialect: "v2",
  fileKinds: ["m4a", "mp3", "mp4", "mpeg", "wav", "webm"],
  maxUploadMb: 25,
  streams: false,
  inability: (request) => {
    if (request.task === "translate") return "task";
    if (wantsSpeakers(request)) return "speakers";
    return request.include.includes("logprobs") ? "logprobs" : commonInability(request);
  },
  write: (request, model) => ({
    path: "/api/v2/Audio/transcribe?culture=en",
    headers: { accept: "application/json" },
    fields: [
      ...optional("modelId", model),
      ...optional("prompt", [...promptText(request)].slice(-PROMPT_MAX_CHARACTERS).join("")),
    ],
  }),
  read: (body): Heard => {
    const reply = jsonObject(body);
    const metadata = objectOf(reply.metadata);
    const usage = objectOf(reply.tokenUsage);
    return {
      text: demandText(reply, "transcript"),
      language: textOf(metadata.language),
      durationMs: durationMs(metadata.duration),
      tokenCounts: { prompt: numberOf(usage.promptTokens) ?? 0, completion: numberOf(usage.completionTokens) ?? 0 },
    };
  },
};

/** A time of day, or bare seconds. */
function durationMs(value: unknown): number | undefined {
  const text = String(value ?? "").trim();
  if (/^\d+(\.\d+)?$/.test(text)) return msOf(Number(text));
  const [, days = 0, hours, minutes, seconds] = DURATION.exec(text) ?? [];
  if (seconds === undefined) return undefined;
  return msOf(((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(seconds));
}
