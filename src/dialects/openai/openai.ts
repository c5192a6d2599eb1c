import type { Includable } from "../../core/request.js";
import { type Transcript, transcriptText } from "../../core/result.js";
import { logprobsMember } from "../../render/logprobs.js";
import { rendered } from "../../render/rendered.js";
import { RENDERERS } from "../../render/renderers.js";
import { durationUsage } from "../../render/usage.js";
import { verboseReply } from "../../render/verbose-json.js";
import type { Dialect } from "../dialect.js";
import type { DialectFields } from "../fields.js";
import { openAiError } from "../openai-error.js";
import { parseFields } from "../parse-fields.js";
import { speakersHaveVoices, streamIsText, wordsNeedVerboseJson } from "../rules.js";

/** 25 MiB, as OpenAI's own message has it. */
const MAX_FILE_BYTES = 26_214_400;
/** OpenAI answers a request to stream in one piece for this model. */
const UNSTREAMED_MODEL = "whisper-1";

const fields: DialectFields = {
  file: {},
  model: {},
  language: { refusesAuto: true, doc: "ISO-639-1 code; absent: detected" },
  languages: {},
  prompt: {},
  keywords: {},
  hotwords: {},
  responseFormat: {},
  temperature: {},
  granularities: {},
  include: { choices: ["logprobs"] },
  stream: { doc: "Server-sent events; ignored for the model `whisper-1`" },
  chunkingStrategy: {},
  vadFilter: {},
  channel: {},
  audioTrack: {},
  diarize: {},
  knownSpeakerNames: {},
  knownSpeakerReferences: {},
  user: { names: ["user"] },
  timeoutMs: {},
};

/** OpenAI's own: https://platform.openai.com/docs/api-reference/audio */
export const openai: Dialect = {
  name: "openai",
  fields,
  maxFileBytes: MAX_FILE_BYTES,
  parse: (form, task) => {
    const asked = parseFields(fields, form, task);
    const request = { ...asked, stream: asked.stream && asked.model !== UNSTREAMED_MODEL };
    for (const demand of [wordsNeedVerboseJson, streamIsText, speakersHaveVoices]) demand(request);
    return request;
  },
  render: (transcript, { responseFormat, include }, stamp) => {
    if (responseFormat === "json") return rendered(jsonReply(transcript, include));
    if (responseFormat === "verbose_json") return rendered(verboseReply(transcript));
    return RENDERERS[responseFormat](transcript, stamp, include);
  },
  streamEnd: ({ durationMs }) => ({ usage: durationUsage(durationMs) }),
  renderError: openAiError,
};

function jsonReply(transcript: Transcript, include: readonly Includable[]) {
  return {
    text: transcriptText(transcript),
    ...(include.includes("logprobs") ? logprobsMember(transcript.segments) : {}),
    usage: durationUsage(transcript.durationMs),
  };
}
