import { jsonReply } from "../../render/json.js";
import { rendered } from "../../render/rendered.js";
import { RENDERERS } from "../../render/renderers.js";
import { secondsOf } from "../../render/timestamp.js";
import { verboseReply } from "../../render/verbose-json.js";
import type { Dialect } from "../dialect.js";
import type { DialectFields } from "../fields.js";
import { openAiError } from "../openai-error.js";
import { parseFields } from "../parse-fields.js";

const fields: DialectFields = {
  file: {},
  model: { required: true },
  language: {},
  prompt: {},
  responseFormat: { choices: ["json", "text", "srt", "vtt", "verbose_json"] },
  temperature: {},
  preference: {},
  allowedProviders: {},
  euNative: {},
  allowQuantization: {},
  allowZeroDataRetention: {},
  enableModelFallback: {},
};

/** A router's: the reply says who made it, and counts seconds of audio alone. https://docs.cortecs.ai */
export const cortecs: Dialect = {
  name: "cortecs",
  fields,
  parse: (form, task) => parseFields(fields, form, task),
  render: (transcript, { responseFormat, include }, stamp) => {
    const usage = { audio_duration_seconds: secondsOf(transcript.durationMs) };
    if (responseFormat === "json") return rendered({ ...jsonReply(transcript, stamp), usage });
    if (responseFormat === "verbose_json") return rendered({ ...verboseReply(transcript), usage });
    return RENDERERS[responseFormat](transcript, stamp, include);
  },
  renderError: openAiError,
};
