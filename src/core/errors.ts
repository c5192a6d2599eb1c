/**
 * The one table of errors: everything that Sotto can answer a client with. Status, retryability and wording are
 * declared here and nowhere else; a dialect only reshapes them. `docs/errors.md` is held against it by a test.
 *
 * A message says what was expected, what came and what to do. It never holds a stack, a path or a key.
 */
interface ErrorEntry {
  status: number;
  /** Whether the same request may succeed when it is sent again. */
  retryable: boolean;
  /** OpenAI's error class, sent as `error.type`. */
  type: "invalid_request_error" | "rate_limit_error" | "server_error";
  /** When to try again unless the error itself knows better; sent as `Retry-After`. */
  retryAfterSec?: number;
  /** Text with `{name}` places, filled by {@link SottoError}'s details. */
  template: string;
}

const invalid = <const Template extends string>(status: number, template: Template) =>
  ({ status, retryable: false, type: "invalid_request_error", template }) as const;
const unavailable = <const Template extends string>(retryAfterSec: number, template: Template) =>
  ({ status: 503, retryable: true, type: "server_error", retryAfterSec, template }) as const;

export const ERRORS = {
  missing_file: invalid(400, "Expected an audio or video file in the form field 'file', but none came. {remedy}"),
  empty_file: invalid(
    400,
    "Expected audio in the field 'file', but the file is empty (0 bytes). Send the recording itself.",
  ),
  invalid_value: invalid(400, "Expected {expected} for '{name}', but received {received}."),
  undecodable_audio: invalid(
    400,
    "The file could not be decoded as audio or video: {reason}. Send a file that ffmpeg can read.",
  ),
  audio_too_short: invalid(400, "Expected at least {minimumSec} s of audio, but the file holds {actualSec} s."),
  audio_too_long: invalid(
    400,
    "Expected at most {maximumSec} s of audio, but the file holds more. Split it, or raise --max-duration.",
  ),
  no_audio_stream: invalid(
    400,
    "Expected a file with an audio stream, but this one holds none (video without sound?).",
  ),
  url_not_allowed: invalid(
    400,
    "Expected a file, or an http or https URL that this server may fetch, but {reason}. Upload the file itself.",
  ),
  url_fetch_failed: invalid(
    400,
    "The recording could not be fetched from its URL: {reason}. Check the URL, or upload the file itself.",
  ),
  invalid_api_key: invalid(
    401,
    "Expected a valid API key in the header 'Authorization: Bearer KEY', but {received}. The operator of this server makes keys with: npx sotto keys create NAME",
  ),
  forbidden: invalid(
    403,
    "Expected a key with the right '{right}', but this one has: {rights}. The operator of this server makes keys with: npx sotto keys create NAME --rights {right}",
  ),
  model_not_found: invalid(404, "The model '{model}' is not installed. Installed: {installed}. {remedy}"),
  unknown_route: invalid(404, "There is no route {method} {path}. POST /v1/audio/transcriptions transcribes."),
  method_not_allowed: invalid(405, "The route {path} takes {allowed}, but {method} came."),
  deadline_exceeded: {
    status: 408,
    retryable: true,
    type: "invalid_request_error",
    template: "The request did not finish within {limitMs} ms.",
  },
  file_too_large: invalid(
    413,
    "The upload may hold at most {limitBytes} bytes, but it holds {actual} bytes. Send a smaller file, or raise --max-upload-mb.",
  ),
  unsupported_content_type: invalid(415, "Expected Content-Type multipart/form-data, but received {received}."),
  queue_full: {
    status: 429,
    retryable: true,
    type: "rate_limit_error",
    template: "All {limit} waiting places are taken. Send the request again in {retryAfterSec} s.",
  },
  rate_limited: {
    status: 429,
    retryable: true,
    type: "rate_limit_error",
    template: "The limit of {limit} {what} a minute is reached. Send the request again in {retryAfterSec} s.",
  },
  internal_error: {
    status: 500,
    retryable: true,
    type: "server_error",
    template: "The server failed on this request; its log says why under this request id.",
  },
  engine_crashed: {
    status: 500,
    retryable: false,
    type: "server_error",
    template: "The engine ended twice on the same part of this audio, so the request was given up.",
  },
  client_closed: {
    status: 499,
    retryable: false,
    type: "invalid_request_error",
    template: "The client closed the connection before the answer was ready.",
  },
  provider_failed: {
    status: 502,
    retryable: true,
    type: "server_error",
    retryAfterSec: 5,
    template: "No remote provider could serve the request ({reason}). Send it again.",
  },
  decoder_missing: unavailable(60, "ffmpeg was not found, so audio cannot be decoded. {remedy}"),
  model_loading: unavailable(2, "The model is being loaded. Requests are taken and wait for it."),
  shutting_down: unavailable(5, "The server is shutting down and takes no new requests."),
  auth_unavailable: unavailable(
    10,
    "The keys of the identity provider cannot be read, so tokens cannot be checked now.",
  ),
  engine_unavailable: unavailable(5, "The engine is not running: {reason}."),
  storage_full: {
    status: 507,
    retryable: true,
    type: "server_error",
    template: "The disk for temporary audio is full. Free some space, or point SOTTO_HOME at another disk.",
  },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERRORS;

type Places<Template extends string> = Template extends `${string}{${infer Name}}${infer Rest}`
  ? Name | Places<Rest>
  : never;
type Details<Code extends ErrorCode> = Record<Places<(typeof ERRORS)[Code]["template"]>, string | number>;

interface Extras {
  /** The request field at fault. */
  param?: string;
  /** Seconds after which a retry is worth its while; sent as `Retry-After`. */
  retryAfterSec?: number;
  details?: Record<string, string | number>;
  /** What was underneath; goes to the log, never to the client. */
  cause?: unknown;
}

/** The one error class that may reach a client. */
export class SottoError extends Error {
  override readonly name = "SottoError";
  readonly code: ErrorCode;
  readonly param: string | null;
  readonly retryAfterSec: number | undefined;
  /** What fills the places of the template, for a dialect with wording of its own. */
  readonly details: Readonly<Record<string, string | number>>;

  constructor(code: ErrorCode, message: string, extras: Extras = {}) {
    super(message, "cause" in extras ? { cause: extras.cause } : undefined);
    this.code = code;
    this.param = extras.param ?? null;
    this.details = extras.details ?? {};
    this.retryAfterSec = extras.retryAfterSec ?? (ERRORS[code] as ErrorEntry).retryAfterSec;
  }

  /** The same error, about the field `param`. */
  about(param: string): SottoError {
    const { retryAfterSec, details } = this;
    const extras = { param, details, ...(retryAfterSec === undefined ? {} : { retryAfterSec }) };
    return new SottoError(
      this.code,
      this.message,
      this.cause === undefined ? extras : { ...extras, cause: this.cause },
    );
  }

  get status(): number {
    return ERRORS[this.code].status;
  }

  get type(): string {
    return ERRORS[this.code].type;
  }

  get retryable(): boolean {
    return ERRORS[this.code].retryable;
  }
}

/** Makes the error `code` with its template filled in; a missing detail is a type error. */
export function sottoError<Code extends ErrorCode>(code: Code, details: Details<Code>, extras?: Extras): SottoError {
  const values = details as Record<string, string | number>;
  return new SottoError(code, fillTemplate(ERRORS[code].template, values), { ...extras, details: values });
}

/** Puts details into the `{name}` places of a template. */
export function fillTemplate(template: string, details: Readonly<Record<string, string | number>>): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) => String(details[name])).trim();
}
