import { diagnosticsOf } from "../../render/diagnostics.js";
import { RENDERERS } from "../../render/renderers.js";
import { fullUsage } from "../../render/usage.js";
import type { Dialect } from "../dialect.js";
import { type DialectFields, FIELD_NAMES } from "../fields.js";
import { openAiError } from "../openai-error.js";
import { parseFields } from "../parse-fields.js";
import { speakersAreInOrder, speakersHaveVoices, streamIsText, wordsNeedVerboseJson } from "../rules.js";

/** All of the table but what has another meaning elsewhere. */
const fields: DialectFields = Object.fromEntries(
  FIELD_NAMES.filter((name) => name !== "origin").map((name) => [name, {}]),
);

/** Sotto's own dialect under `/v1`: OpenAI's, with every field that one of the services has. */
export const unified: Dialect = {
  name: "unified",
  fields,
  takesUrlAsFile: true,
  parse: (form, task) => {
    const request = parseFields(fields, form, task);
    for (const demand of [wordsNeedVerboseJson, streamIsText, speakersAreInOrder, speakersHaveVoices]) demand(request);
    return request;
  },
  render: (transcript, request, stamp) => RENDERERS[request.responseFormat](transcript, stamp, request.include),
  streamEnd: (transcript, { include }) => ({
    usage: fullUsage(transcript.durationMs),
    ...(include.includes("diagnostics") ? { diagnostics: diagnosticsOf(transcript) } : {}),
  }),
  renderError: openAiError,
};
