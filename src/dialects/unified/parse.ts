import { sottoError } from "../../core/errors.js";
import { type LanguageCode, parseLanguage } from "../../core/languages.js";
import { RESPONSE_FORMATS, type ResponseFormat, type Task, type TranscribeRequest } from "../../core/request.js";
import { type FormFields, scalar } from "../form-fields.js";

/** The fields that this dialect acts on; `file` is the upload itself, or as `url` its address. */
const KNOWN_FIELDS = new Set([
  "file",
  "url",
  "model",
  "language",
  "prompt",
  "temperature",
  "response_format",
  "timeout_ms",
]);

/** @throws SottoError `invalid_value` with the field as `param` */
export function parseUnified(fields: FormFields, task: Task): TranscribeRequest {
  return {
    task,
    model: scalar(fields, "model"),
    language: parseLanguageField(scalar(fields, "language")),
    prompt: scalar(fields, "prompt"),
    temperature: parseTemperature(scalar(fields, "temperature")),
    responseFormat: parseResponseFormat(scalar(fields, "response_format")),
    timeoutMs: parseTimeout(scalar(fields, "timeout_ms")),
  };
}

export function ignoredByUnified(fields: FormFields): string[] {
  return [...fields.keys()].filter((name) => !KNOWN_FIELDS.has(name));
}

function parseLanguageField(text: string | undefined): LanguageCode | undefined {
  if (text === undefined || text.toLowerCase() === "auto") return undefined;
  const language = parseLanguage(text);
  if (!language) throw wrongValue("language", "an ISO-639-1 code, an English name, a tag such as en-US, or auto", text);
  return language;
}

function parseTemperature(text: string | undefined): number {
  if (text === undefined) return 0;
  const temperature = Number(text);
  // Written so that not-a-number fails too; Number() reads blanks as 0.
  if (text.trim() === "" || !(temperature >= 0 && temperature <= 1)) {
    throw wrongValue("temperature", "a number from 0 to 1", text);
  }
  return temperature;
}

function parseResponseFormat(text: string | undefined): ResponseFormat {
  if (text === undefined) return "json";
  const format = RESPONSE_FORMATS.find((known) => known === text);
  if (!format) throw wrongValue("response_format", `one of ${RESPONSE_FORMATS.join(", ")}`, text);
  return format;
}

/** Longer than the longest timer of JavaScript is no deadline at all. */
const TIMEOUT_MAX_MS = 2 ** 31 - 1;

function parseTimeout(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const timeoutMs = Number(text);
  if (!Number.isInteger(timeoutMs) || timeoutMs < 1 || timeoutMs > TIMEOUT_MAX_MS) {
    throw wrongValue("timeout_ms", `a whole number of milliseconds from 1 to ${TIMEOUT_MAX_MS}`, text);
  }
  return timeoutMs;
}

/** Longest part of a wrong value that is shown back. */
const SHOWN_CHARACTERS = 64;

function wrongValue(name: string, expected: string, received: string) {
  const shown = received.length > SHOWN_CHARACTERS ? `${received.slice(0, SHOWN_CHARACTERS)}…` : received;
  return sottoError("invalid_value", { name, expected, received: `'${shown}'` }, { param: name });
}
