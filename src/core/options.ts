import type { ProviderSettings } from "./provider-settings.js";

/**
 * Every option of every command, declared once. The type of the configuration, the checks, the command line, the
 * environment names, the keys of the config file, `--help` and the table in `docs/options.md` all derive from it.
 */
export type Command = "serve" | "transcribe" | "doctor" | "models" | "keys" | "bench";

type OptionKind =
  | { kind: "string"; choices?: readonly string[] }
  | { kind: "integer"; min: number; max: number }
  /** `90s`, `5m`, `2h` or bare seconds; held in milliseconds. `hasNever`: -1 too, held as Infinity. */
  | { kind: "duration"; hasNever?: boolean }
  /** `4g`, `512m` or bare bytes; held in bytes. */
  | { kind: "bytes" }
  /** The text itself, or `@FILE`. Shown nowhere. */
  | { kind: "secret" }
  | { kind: "boolean" }
  | { kind: "number"; min: number; max: number }
  /** The list of remote providers (`core/provider-settings`): in the config file only. */
  | { kind: "providers" };

type OptionEntry = OptionKind & {
  commands: readonly Command[];
  default?: string | number | boolean;
  /** One line for `--help` and the docs. */
  doc: string;
};

const everywhere = ["serve", "transcribe", "doctor", "models", "keys", "bench"] as const;
const withModels = ["serve", "transcribe", "doctor", "models", "bench"] as const;
const computing = ["serve", "transcribe", "doctor", "bench"] as const;
const decoding = ["serve", "transcribe", "doctor"] as const;
const serving = ["serve", "doctor"] as const;

export const OPTIONS = {
  config: { kind: "string", commands: everywhere, doc: "JSON file with any of these options as keys" },
  home: {
    kind: "string",
    commands: everywhere,
    doc: "Folder for models, keys and temporary audio; default: the platform's data folder",
  },
  logLevel: {
    kind: "string",
    choices: ["trace", "debug", "info", "warn", "error", "silent"],
    default: "info",
    commands: ["serve"],
    doc: "How much to log, as JSON lines on standard error",
  },
  host: { kind: "string", default: "127.0.0.1", commands: serving, doc: "Address to listen on" },
  port: {
    kind: "integer",
    min: 0,
    max: 65_535,
    default: 8178,
    commands: serving,
    doc: "Port to listen on; 0 picks a free one",
  },
  tlsCert: { kind: "string", commands: serving, doc: "PEM file with the certificate and its chain: serve HTTPS" },
  tlsKey: { kind: "string", commands: serving, doc: "PEM file with the certificate's private key" },
  corsOrigin: {
    kind: "string",
    commands: ["serve"],
    doc: "Origins whose pages may call the server from a browser, with commas between them; * for all",
  },
  metrics: {
    kind: "string",
    choices: ["keys", "open", "off"],
    default: "keys",
    commands: ["serve"],
    doc: "Who may read /metrics; keys: those with that right, once there is any key; open: everybody; off: nobody",
  },
  otlpEndpoint: {
    kind: "string",
    commands: ["serve"],
    doc: "Send OpenTelemetry traces there, e.g. http://127.0.0.1:4318; default: OTEL_EXPORTER_OTLP_ENDPOINT, else nowhere",
  },
  insecure: {
    kind: "boolean",
    default: false,
    commands: serving,
    doc: "Listen beyond the loopback address even without keys",
  },
  jwtSecret: {
    kind: "secret",
    commands: serving,
    doc: "Take HS256 tokens signed with this secret, better of 32 bytes or more; @FILE reads it from a file",
  },
  jwks: {
    kind: "string",
    commands: serving,
    doc: "Take tokens signed with a key of this JSON Web Key Set: an https URL or a file",
  },
  jwtIssuer: { kind: "string", commands: ["serve"], doc: "Take only tokens of this issuer ('iss')" },
  jwtAudience: { kind: "string", commands: ["serve"], doc: "Take only tokens for this audience ('aud')" },
  model: {
    kind: "string",
    commands: withModels,
    doc: "Id of the default model, or the path of a ggml .bin file; default: the largest installed, else the demonstration model",
  },
  workers: {
    kind: "integer",
    min: 1,
    max: 64,
    commands: computing,
    doc: "Windows decoded at once per model; default: two to four per core, 4 to 16, as many as the CPU's cache holds, by Sotto's own kernels; four per core, 8 to 16, on GPUs; one per four cores by ggml on the CPU",
  },
  threads: {
    kind: "integer",
    min: 1,
    max: 256,
    commands: computing,
    doc: "Threads that Sotto's own kernels share, default: the cores, at most 16; of each worker by ggml on the CPU, default: cores divided by workers",
  },
  keepAlive: {
    kind: "duration",
    hasNever: true,
    default: "5m",
    commands: ["serve"],
    doc: "How long an unused model stays in memory; 0: not at all, -1: for good",
  },
  memoryLimit: {
    kind: "bytes",
    commands: computing,
    doc: "Memory for the engines of all models and for finding speech, e.g. 6g; default: 80 % of what this process may use",
  },
  device: {
    kind: "string",
    choices: ["auto", "cpu", "cuda", "metal", "vulkan"],
    default: "auto",
    commands: computing,
    doc: "What to compute on; auto: a GPU whose module is built and works, else the CPU",
  },
  cpuVariant: {
    kind: "string",
    default: "auto",
    commands: computing,
    doc: "Which variant of the CPU's kernels to use; auto: the fastest that works here",
  },
  kernels: {
    kind: "string",
    choices: ["auto", "ggml"],
    default: "auto",
    commands: computing,
    doc: "What computes on the CPU; auto: Sotto's own kernels where they work and suit the model, ggml: never those",
  },
  shortWindows: {
    kind: "boolean",
    default: false,
    commands: computing,
    doc: "Encode short recordings only as far as they go, not 30 s of each: faster; models not trained for that hear worse",
  },
  ffmpeg: { kind: "string", default: "ffmpeg", commands: computing, doc: "The ffmpeg program" },
  maxUploadMb: {
    kind: "integer",
    min: 1,
    max: 1_048_576,
    default: 1024,
    commands: ["serve"],
    doc: "Largest upload, in MiB",
  },
  maxUploads: {
    kind: "integer",
    min: 1,
    max: 1_000_000,
    default: 256,
    commands: ["serve"],
    doc: "Uploads that may come in at once; one more is answered 429",
  },
  minUploadRate: {
    kind: "integer",
    min: 0,
    max: 1_000_000_000,
    default: 500,
    commands: ["serve"],
    doc: "Bytes a second; an upload that is slower over --upload-grace is answered 408; 0: none is",
  },
  uploadGrace: {
    kind: "duration",
    default: "60s",
    commands: ["serve"],
    doc: "Time over which the rate of an upload is taken, and in which it may stand still",
  },
  uploadTimeout: {
    kind: "duration",
    default: "1h",
    commands: ["serve"],
    doc: "Time in which an upload must be whole, however fast it comes; then it is answered 408; 0: any",
  },
  headTimeout: {
    kind: "duration",
    default: "30s",
    commands: ["serve"],
    doc: "Time in which the head of a request must have come; 0: any",
  },
  idleTimeout: {
    kind: "duration",
    default: "75s",
    commands: ["serve"],
    doc: "How long a connection may wait for its next request, or for its client to read an answer; 0: for good",
  },
  spoolReserve: {
    kind: "bytes",
    default: "256m",
    commands: decoding,
    doc: "Space on the disk that uploads and decoded audio leave free, e.g. 1g; requests are answered 507 instead",
  },
  allowUrl: {
    kind: "string",
    choices: ["off", "public", "any"],
    default: "off",
    commands: serving,
    doc: "Whether recordings are fetched from URLs; public: never from private networks, any: from all that this machine reaches",
  },
  maxDuration: { kind: "duration", default: "12h", commands: decoding, doc: "Longest recording" },
  maxQueue: {
    kind: "integer",
    min: 0,
    max: 1_000_000,
    default: 256,
    commands: ["serve"],
    doc: "Requests that may wait; one more is answered 429",
  },
  maxQueueAudioSeconds: {
    kind: "integer",
    min: 1,
    max: 1_000_000_000,
    commands: ["serve"],
    doc: "Audio that may wait, in seconds; while there is as much, one more request is answered 429; default: no limit",
  },
  maxPerKey: {
    kind: "integer",
    min: 1,
    max: 1_000_000,
    commands: ["serve"],
    doc: "Requests that one key may have here at once, waiting or at work; default: no limit",
  },
  maxPerKeyAudioSeconds: {
    kind: "integer",
    min: 1,
    max: 1_000_000_000,
    commands: ["serve"],
    doc: "Audio of one key that may be here and not transcribed yet, in seconds; default: no limit",
  },
  rateLimitRequests: {
    kind: "integer",
    min: 1,
    max: 1_000_000,
    commands: ["serve"],
    doc: "Requests that each key may send in a minute; default: no limit",
  },
  rateLimitAudioSeconds: {
    kind: "integer",
    min: 1,
    max: 100_000_000,
    commands: ["serve"],
    doc: "Seconds of audio that are transcribed for each key in a minute; default: no limit",
  },
  providers: { kind: "providers", commands: serving, doc: "Remote providers for when local cannot serve; see below" },
  overflowAfterMs: {
    kind: "integer",
    min: 0,
    max: 86_400_000,
    default: 10_000,
    commands: ["serve"],
    doc: "Expected wait from which on a request goes to a remote provider, in ms",
  },
  providerTimeoutMs: {
    kind: "integer",
    min: 1,
    max: 86_400_000,
    default: 120_000,
    commands: ["serve"],
    doc: "Time for one try at a provider beside the recording's own, in ms",
  },
  dailySpendLimit: {
    kind: "number",
    min: 0,
    max: 1_000_000,
    commands: serving,
    doc: "Most that all providers together may cost in a day (UTC), in US dollars; default: no limit",
  },
  airGapped: {
    kind: "boolean",
    default: false,
    commands: serving,
    doc: "Refuse to start with any remote provider, --allow-pull, --allow-url, and with traces to or tokens' keys from another machine",
  },
  allowPull: {
    kind: "boolean",
    default: false,
    commands: serving,
    doc: "Pull a model of the catalog when a request names it; the request waits. With --source: any that it has",
  },
  drainMs: {
    kind: "integer",
    min: 0,
    max: 3_600_000,
    default: 30_000,
    commands: ["serve"],
    doc: "How long running requests may go on after SIGTERM, in ms",
  },
  source: {
    kind: "string",
    commands: ["serve", "models"],
    doc: "URL or folder to pull models from instead of the public hub",
  },
  rights: {
    kind: "string",
    default: "transcribe,models",
    commands: ["keys"],
    doc: "What a new key may do: a list of transcribe, models, metrics",
  },
  language: {
    kind: "string",
    default: "auto",
    commands: ["transcribe"],
    doc: "Language of the speech: code, English name or tag; auto: detect",
  },
  format: {
    kind: "string",
    choices: ["txt", "json", "verbose_json", "srt", "vtt"],
    default: "txt",
    commands: ["transcribe"],
    doc: "Shape of the transcript",
  },
  translate: { kind: "boolean", default: false, commands: ["transcribe"], doc: "Translate to English" },
  out: {
    kind: "string",
    commands: ["transcribe", "bench"],
    doc: "transcribe: folder for one transcript file per recording; bench: file for the JSON; default: standard output",
  },
  against: {
    kind: "string",
    commands: ["bench"],
    doc: "Engines to measure beside this one, with commas between them: whisper.cpp, faster-whisper; built or installed when needed",
  },
  rounds: {
    kind: "integer",
    min: 1,
    max: 100,
    default: 3,
    commands: ["bench"],
    doc: "How many times everything is measured, in turn",
  },
  clients: {
    kind: "string",
    default: "1,4",
    commands: ["bench"],
    doc: "How many clients send clips at once, in turn, with commas between",
  },
  tune: {
    kind: "boolean",
    default: false,
    commands: ["bench"],
    doc: "Try numbers of windows at once and of threads, and remember the best for serve on this machine",
  },
  json: { kind: "boolean", default: false, commands: ["bench"], doc: "Print the JSON alone" },
} as const satisfies Record<string, OptionEntry>;

export type OptionName = keyof typeof OPTIONS;
type Entry<Name extends OptionName> = (typeof OPTIONS)[Name];

type ValueOf<E> = E extends { kind: "string"; choices: readonly (infer Choice)[] }
  ? Choice
  : E extends { kind: "string" | "secret" }
    ? string
    : E extends { kind: "boolean" }
      ? boolean
      : E extends { kind: "providers" }
        ? readonly ProviderSettings[]
        : number;

/** A checked value for every option; those without a default may be undefined. Durations are in milliseconds. */
export type Config = {
  [Name in OptionName]: Entry<Name> extends { default: unknown }
    ? ValueOf<Entry<Name>>
    : ValueOf<Entry<Name>> | undefined;
};

export const OPTION_NAMES = Object.keys(OPTIONS) as OptionName[];

export function optionEntry(name: OptionName): OptionEntry {
  return OPTIONS[name];
}

/** Whether an option is a key of the config file and nothing else. */
export function isFileOnly(name: OptionName): boolean {
  return optionEntry(name).kind === "providers";
}

/** `maxUploadMb` → `max-upload-mb`: the flag without its dashes, also accepted in the config file. */
export function flagName(name: OptionName): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** `maxUploadMb` → `SOTTO_MAX_UPLOAD_MB`. */
export function environmentName(name: OptionName): string {
  return `SOTTO_${flagName(name).replaceAll("-", "_").toUpperCase()}`;
}
