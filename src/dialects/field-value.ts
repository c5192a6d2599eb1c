import { sottoError } from "../core/errors.js";
import { type LanguageCode, parseLanguage } from "../core/languages.js";
import type { ChunkingStrategy } from "../core/request.js";
import type { FieldEntry } from "./fields.js";
import type { Sent } from "./form-fields.js";

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const BOOLEANS: Record<string, boolean> = { true: true, "1": true, false: false, "0": false };
/** Members of `chunking_strategy` as OpenAI names them, with their ranges. */
const CHUNKING_MEMBERS = {
  threshold: { kind: "number", min: 0, max: 1 },
  prefix_padding_ms: { kind: "integer", min: 0, max: 30_000 },
  silence_duration_ms: { kind: "integer", min: 0, max: 30_000 },
} as const;

/**
 * The value of a field from what came for it; of several where one is wanted the last counts.
 * @returns undefined when nothing came, or when the server is to choose
 * @throws SottoError `invalid_value` with the field's first name as `param`
 */
export function fieldValue(entry: FieldEntry, sent: Sent): unknown {
  const { values } = sent;
  const last = values.at(-1);
  if (entry.kind === "chunking") return chunking(entry, sent);
  if (last === undefined) return undefined;
  const refuse = (received: string) => wrongValue(entry.names[0], expectation(entry), received);
  switch (entry.kind) {
    case "file":
    case "url":
      return last;
    case "string": {
      const length = characterCount(last);
      if (entry.maxLength !== undefined && length > entry.maxLength) {
        throw sottoError(
          "invalid_value",
          { name: entry.names[0], expected: expectation(entry), received: `${length}` },
          { param: entry.names[0] },
        );
      }
      return last;
    }
    case "number":
    case "integer": {
      const number = numberWithin(entry, last);
      if (number === undefined) throw refuse(last);
      return number;
    }
    case "boolean": {
      const value = BOOLEANS[last.trim().toLowerCase()];
      if (value === undefined) throw refuse(last);
      return value;
    }
    case "choice":
      if (!entry.choices.includes(last)) throw refuse(last);
      return last;
    case "choices":
      return [...new Set(list(entry, values).map((item) => choiceOf(item, entry.choices) ?? fail(refuse(item))))];
    case "strings": {
      const items = list(entry, values);
      if (entry.maxItems !== undefined && items.length > entry.maxItems) throw refuse(`${items.length} values`);
      return items;
    }
    case "language":
      if (last.trim().toLowerCase() === "auto" && !entry.refusesAuto) return undefined;
      return parseLanguage(last) ?? fail(refuse(last));
    case "languages":
      return [...new Set(list(entry, values).map((item): LanguageCode => parseLanguage(item) ?? fail(refuse(item))))];
  }
}

/** What a field takes, in words for a message. */
export function expectation(entry: FieldEntry): string {
  switch (entry.kind) {
    case "file":
      return "an audio or video file";
    case "url":
      return "an http(s) URL";
    case "string":
      return entry.maxLength === undefined ? "text" : `at most ${entry.maxLength} characters`;
    case "strings":
      return entry.maxItems === undefined ? "a list of texts" : `a list of at most ${entry.maxItems} texts`;
    case "number":
      return `a number from ${entry.min} to ${entry.max}`;
    case "integer":
      return `a whole number${entry.unit ? ` of ${entry.unit}` : ""} from ${entry.min} to ${entry.max}`;
    case "boolean":
      return "true, false, 1 or 0";
    case "choice":
      return `one of ${entry.choices.join(", ")}`;
    case "choices":
      return `one or several of ${entry.choices.join(", ")}`;
    case "language":
      return `an ISO-639-1 code, an English name${entry.refusesAuto ? " or a tag such as en-US" : ", a tag such as en-US, or auto"}`;
    case "languages":
      return "a list of ISO-639-1 codes";
    case "chunking":
      return "auto, or an object with type server_vad, threshold 0 to 1, prefix_padding_ms and silence_duration_ms 0 to 30000";
  }
}

/** Longest part of a wrong value that is shown back. */
const SHOWN_CHARACTERS = 64;

export function wrongValue(name: string, expected: string, received: string) {
  const shown = received.length > SHOWN_CHARACTERS ? `${received.slice(0, SHOWN_CHARACTERS)}…` : received;
  return sottoError("invalid_value", { name, expected, received: `'${shown}'` }, { param: name });
}

/** What lies beyond 16 bits is one character of two units. */
function characterCount(text: string): number {
  return text.length - (text.match(/[\u{10000}-\u{10ffff}]/gu)?.length ?? 0);
}

function choiceOf(item: string, choices: readonly string[]): string | undefined {
  return choices.find((choice) => choice === item);
}

function numberWithin(range: { kind: "number" | "integer"; min: number; max: number }, text: string) {
  const number = NUMBER.test(text.trim()) ? Number(text) : Number.NaN;
  const isRight = number >= range.min && number <= range.max && (range.kind === "number" || Number.isInteger(number));
  return isRight ? number : undefined;
}

/** Several values are a list; a single one may be a list written in JSON. */
function list(entry: FieldEntry, values: readonly string[]): string[] {
  const [only] = values;
  if (values.length !== 1 || only === undefined || !only.trim().startsWith("[")) return [...values];
  const items = parsedJson(only);
  if (Array.isArray(items) && items.every((item) => typeof item === "string"))
    return items.filter((item) => item !== "");
  // Text that merely begins with a bracket is text, where any text will do.
  if (entry.kind === "strings" && items === undefined) return [only];
  throw wrongValue(entry.names[0], expectation(entry), only);
}

function chunking(entry: FieldEntry, { values, members }: Sent): ChunkingStrategy | undefined {
  const last = values.at(-1);
  if (last === undefined && members.size === 0) return undefined;
  if (last === "auto") return { type: "auto" };
  const refuse = (received: string) => wrongValue(entry.names[0], expectation(entry), received);
  const written = last === undefined ? {} : parsedJson(last);
  if (typeof written !== "object" || written === null || Array.isArray(written)) throw refuse(last ?? "");
  const all = new Map([...Object.entries(written).map(([key, value]) => [key, String(value)] as const), ...members]);
  const type = all.get("type");
  if (type === "auto") return { type };
  if (type !== "server_vad") throw refuse(type === undefined ? "no type" : type);
  const member = (name: keyof typeof CHUNKING_MEMBERS): number | undefined => {
    const text = all.get(name);
    if (text === undefined || text === "null") return undefined;
    const range = CHUNKING_MEMBERS[name];
    const number = numberWithin(range, text);
    if (number === undefined) {
      const whole = range.kind === "integer" ? "a whole number" : "a number";
      throw wrongValue(`${entry.names[0]}[${name}]`, `${whole} from ${range.min} to ${range.max}`, text);
    }
    return number;
  };
  return {
    type,
    threshold: member("threshold"),
    prefixPaddingMs: member("prefix_padding_ms"),
    silenceDurationMs: member("silence_duration_ms"),
  };
}

/** An object in a list is the deepest that any field has. */
const MAX_DEPTH = 8;

function parsedJson(text: string): unknown {
  if (isDeeperThan(MAX_DEPTH, text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Told before `JSON.parse`, which takes seconds over some megabytes of open brackets, and nothing else is served meanwhile. */
function isDeeperThan(limit: number, text: string): boolean {
  let depth = 0;
  let isInString = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '"') isInString = !isInString;
    else if (isInString) at += character === "\\" ? 1 : 0;
    else if (character === "[" || character === "{") depth++;
    else if (character === "]" || character === "}") depth--;
    if (depth > limit) return true;
  }
  return false;
}

function fail(error: Error): never {
  throw error;
}
