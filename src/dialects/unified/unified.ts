import { RENDERERS } from "../../render/renderers.js";
import type { Dialect } from "../dialect.js";
import { openAiError } from "../openai-error.js";
import { ignoredByUnified, parseUnified } from "./parse.js";

/** Sotto's own dialect under `/v1`: OpenAI's, with every field that one of the services has. */
export const unified: Dialect = {
  name: "unified",
  takesUrl: true,
  parse: parseUnified,
  ignored: ignoredByUnified,
  render: (transcript, request, stamp) => RENDERERS[request.responseFormat](transcript, stamp),
  renderError: openAiError,
};
