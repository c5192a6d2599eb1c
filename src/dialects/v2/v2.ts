import type { ErrorCode, SottoError } from "../../core/errors.js";
import { CONTAINERS } from "../../core/request.js";
import { type Transcript, transcriptText } from "../../core/result.js";
import { type ReplyStamp, rendered } from "../../render/rendered.js";
import { timestamp } from "../../render/timestamp.js";
import type { Dialect, RequestHead } from "../dialect.js";
import { type DialectFields, entriesOf } from "../fields.js";
import { parseFields } from "../parse-fields.js";
import { negotiatedType } from "./accept.js";
import { cultureOf, cultureOrEnglish } from "./culture.js";
import { inSpanish } from "./spanish.js";

/** 25 MB, in the sense in which OpenAI's limit is 25 MB. */
const MAX_FILE_BYTES = 26_214_400;
/** A short clip costs fractions of a cent. */
const MICROS = 1e6;
const PROMPT_MAX_CHARACTERS = 256;
const USER_MAX_CHARACTERS = 100;

const fields: DialectFields = {
  file: { doc: "mp3, mp4, mpeg, mpga, m4a, wav or webm, at most 25 MB" },
  model: { names: ["modelId", "aiModelId"], doc: "A local model's id; absent: the default model" },
  prompt: { maxLength: PROMPT_MAX_CHARACTERS },
  user: { names: ["userIdentifier"], maxLength: USER_MAX_CHARACTERS },
  origin: {},
};

/** `POST /api/v2/Audio/transcribe`: token counts and cost beside the transcript, and errors in a shape of its own. */
export const v2: Dialect = {
  name: "v2",
  fields,
  maxFileBytes: MAX_FILE_BYTES,
  parse: (form, task, head) => {
    cultureOf(head);
    return { ...parseFields(fields, form, task), containers: CONTAINERS };
  },
  render: (transcript, _request, stamp, { accept }) => rendered(reply(transcript, stamp), negotiatedType(accept)),
  renderError: (error, head) => {
    const message = messageOf(error, head);
    const param = error.param === "model" ? "modelId" : error.param;
    const body = { message, code: error.code, errors: param === null ? {} : { [param]: [message] } };
    return { status: statusOf(error), ...rendered(body, negotiatedType(head.accept)) };
  },
};

function reply(transcript: Transcript, { id }: ReplyStamp) {
  const { prompt, completion } = transcript.tokenCounts;
  const cost = Math.round((transcript.costUsd ?? 0) * MICROS) / MICROS;
  return {
    instanceId: id,
    transcript: transcriptText(transcript),
    metadata: { language: transcript.language, duration: timestamp(transcript.durationMs, ".") },
    tokenUsage: { completionTokens: completion, promptTokens: prompt, totalTokens: prompt + completion },
    // Providers take their price for the sound, whatever is said in it.
    cost: { completion: cost, prompt: 0, total: cost, currency: "USD" },
  };
}

/** The service answers with these alone; a route that does not take a method is no answer of the service. */
const STATUSES = [400, 401, 403, 404, 405, 500];
/** Limits of the request, which other services give statuses of their own. */
const AT_FAULT: readonly ErrorCode[] = ["file_too_large", "unsupported_content_type"];

function statusOf({ code, status }: SottoError): number {
  if (AT_FAULT.includes(code)) return 400;
  return STATUSES.includes(status) ? status : 500;
}

function messageOf(error: SottoError, head: RequestHead): string {
  if (cultureOrEnglish(head) === "en") return error.message;
  const entry = entriesOf(fields).find(([, { names }]) => names[0] === error.param)?.[1];
  return inSpanish(error, entry);
}
