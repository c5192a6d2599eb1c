import { transcriptText } from "../../core/result.js";
import { rendered } from "../../render/rendered.js";
import { RENDERERS } from "../../render/renderers.js";
import { verboseReply } from "../../render/verbose-json.js";
import type { Dialect } from "../dialect.js";
import type { DialectFields } from "../fields.js";
import { openAiError } from "../openai-error.js";
import { parseFields } from "../parse-fields.js";

const fields: DialectFields = {
  file: {},
  model: { default: "whisper-1" },
  language: {},
  prompt: {},
  responseFormat: { choices: ["json", "text", "srt", "verbose_json", "vtt"] },
  temperature: {},
};

/** The six oldest fields of OpenAI's, and a json reply of the text alone. https://api.cometapi.com */
export const comet: Dialect = {
  name: "comet",
  fields,
  parse: (form, task) => parseFields(fields, form, task),
  render: (transcript, { responseFormat, include }, stamp) => {
    if (responseFormat === "json") return rendered({ text: transcriptText(transcript) });
    if (responseFormat === "verbose_json") return rendered(verboseReply(transcript));
    return RENDERERS[responseFormat](transcript, stamp, include);
  },
  renderError: openAiError,
};
