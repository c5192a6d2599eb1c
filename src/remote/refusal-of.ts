import { ProviderFailure } from "./provider-failure.js";

/** A provider that asks for more is asked again after so long nevertheless. */
const MAX_RETRY_AFTER_MS = 3_600_000;
const MAX_DETAIL_CHARACTERS = 200;

/** Codes by which services say that it is the recording: OpenAI's, and the ones of another Sotto. */
const AUDIO_CODES = new Set([
  "undecodable_audio",
  "audio_too_short",
  "audio_too_long",
  "no_audio_stream",
  "empty_file",
  "invalid_audio",
  "invalid_file_format",
  "unsupported_file_type",
]);
/** Names of the field that holds the recording. */
const AUDIO_FIELDS = new Set(["file", "audio", "audio_file"]);

/** An answer that is not 2xx. */
export interface Refusal {
  status: number;
  /** The header `Retry-After`. */
  retryAfter: string | undefined;
  /** Its beginning, as text. */
  body: string;
  /** What must not be in the log. */
  key: string | undefined;
}

/** What a provider's refusal means. @param nowMs milliseconds since 1970, for a `Retry-After` that is a date */
export function refusalOf({ status, retryAfter, body, key }: Refusal, nowMs: number): ProviderFailure {
  const detail = withoutKey(body, key).slice(0, MAX_DETAIL_CHARACTERS);
  const details = { status, detail, retryAfterMs: retryAfterMs(retryAfter, nowMs) };
  if (status >= 300 && status < 400) return new ProviderFailure("redirect", { status });
  if (status === 401 || status === 403) return new ProviderFailure("unauthorized", details);
  if (status === 404) return new ProviderFailure("not_found", details);
  if (status === 413) return new ProviderFailure("too_large", details);
  if (status === 429) return new ProviderFailure("rate_limited", details);
  if (status >= 500) return new ProviderFailure("server_error", details);
  if (status >= 400) return new ProviderFailure(isAboutAudio(status, body) ? "audio" : "refused", details);
  return new ProviderFailure("garbage", details);
}

/** `error.code` and `error.param` of OpenAI's shape, `code` and `errors` of v2's. */
function isAboutAudio(status: number, body: string): boolean {
  if (status !== 400 && status !== 415 && status !== 422) return false;
  const reply = parsedObject(body);
  const error = memberObject(reply, "error") ?? reply ?? {};
  const fields = Object.keys(memberObject(reply, "errors") ?? {}).map((field) => field.toLowerCase());
  return (
    (typeof error.code === "string" && AUDIO_CODES.has(error.code)) ||
    (typeof error.param === "string" && AUDIO_FIELDS.has(error.param)) ||
    fields.some((field) => AUDIO_FIELDS.has(field))
  );
}

/** Seconds or a date (RFC 9110, 10.2.3). */
function retryAfterMs(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined;
  const waitMs = /^\d+$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - nowMs;
  return Number.isFinite(waitMs) ? Math.min(Math.max(0, waitMs), MAX_RETRY_AFTER_MS) : undefined;
}

/** Services repeat a wrong key in their message. */
function withoutKey(text: string, key: string | undefined): string {
  return key ? text.replaceAll(key, "[key]") : text;
}

function parsedObject(text: string): Record<string, unknown> | undefined {
  try {
    return asObject(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function memberObject(object: Record<string, unknown> | undefined, name: string) {
  return asObject(object?.[name]);
}

function asObject(value: unknown): Record<string, unknown> | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}
