import { transcriptText } from "../../core/result.js";
import { rendered } from "../../render/rendered.js";
import type { Dialect } from "../dialect.js";
import type { DialectFields } from "../fields.js";
import { openAiError } from "../openai-error.js";
import { parseFields } from "../parse-fields.js";
import { speakersAreInOrder } from "../rules.js";
import { togetherVerbose } from "./verbose.js";

const fields: DialectFields = {
  file: { doc: "The audio or video, or an http(s) URL of it as text, where the server allows URLs" },
  model: { default: "openai/whisper-large-v3" },
  language: { default: "en", doc: "ISO-639-1 code; `auto`: detected" },
  prompt: {},
  responseFormat: { choices: ["json", "verbose_json"] },
  temperature: {},
  granularities: { doc: "`word` adds `words` to `verbose_json`; without effect in `json`" },
  diarize: {},
  minSpeakers: {},
  maxSpeakers: {},
};

/** https://docs.together.ai/reference/audio-transcriptions */
export const together: Dialect = {
  name: "together",
  fields,
  takesUrlAsFile: true,
  parse: (form, task) => {
    const request = parseFields(fields, form, task);
    speakersAreInOrder(request);
    return request;
  },
  render: (transcript, { responseFormat }) =>
    rendered(responseFormat === "json" ? { text: transcriptText(transcript) } : togetherVerbose(transcript)),
  renderError: openAiError,
};
