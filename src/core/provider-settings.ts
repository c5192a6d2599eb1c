/**
 * A remote provider as the operator describes it in the config file, declared once: the type, the checks and the table in
 * docs/options.md derive from it. docs/overflow.md says how the settings work together.
 */
export const PROVIDER_DIALECTS = ["openai", "cortecs", "comet", "together", "v2"] as const;
export type ProviderDialect = (typeof PROVIDER_DIALECTS)[number];

type KeyKind =
  /** Shows in replies, headers and the log. */
  | { kind: "name" }
  | { kind: "choice"; choices: readonly string[] }
  | { kind: "baseUrl" }
  /** The name of an environment variable. Never shown: whoever errs may have put the key itself there. */
  | { kind: "environmentName" }
  | { kind: "path" }
  | { kind: "modelNames" }
  | { kind: "boolean" }
  | { kind: "number"; min: number; max: number }
  | { kind: "integer"; min: number; max: number };

type KeyEntry = KeyKind & { required?: boolean; default?: boolean | number; doc: string };

const A_DAY_MS = 86_400_000;
const MAX_PRICE = 1_000_000;

export const PROVIDER_KEYS = {
  name: { kind: "name", required: true, doc: "What replies, headers and the log call it; no two have the same" },
  dialect: {
    kind: "choice",
    choices: PROVIDER_DIALECTS,
    required: true,
    doc: "What it speaks; `openai` for another Sotto",
  },
  baseUrl: {
    kind: "baseUrl",
    required: true,
    doc: "Where the dialect's path begins: `https://host/v1`, the bare host for `v2`",
  },
  apiKeyEnv: { kind: "environmentName", doc: "The environment variable that holds its key" },
  apiKeyFile: { kind: "path", doc: "The file that holds its key, where `apiKeyEnv` is not given" },
  models: {
    kind: "modelNames",
    required: true,
    doc: 'Local name → theirs, e.g. `{"base-q8_0": "whisper-1"}`; `*` is any other name, and an empty one leaves the choice to them',
  },
  eu: { kind: "boolean", default: false, doc: "Whether it is based and regulated within the EU" },
  zeroDataRetention: { kind: "boolean", default: false, doc: "Whether it keeps nothing of what it is sent" },
  quantized: { kind: "boolean", default: true, doc: "Whether its models are, or may be, quantized" },
  pricePerMinute: { kind: "number", min: 0, max: MAX_PRICE, doc: "Price of a minute of audio, in US dollars" },
  speed: {
    kind: "number",
    min: 0.001,
    max: MAX_PRICE,
    doc: "Real-time factor: seconds of audio per second, larger is faster",
  },
  concurrency: { kind: "integer", min: 1, max: 10_000, default: 4, doc: "Requests that may be with it at once" },
  dailySpendLimit: {
    kind: "number",
    min: 0,
    max: MAX_PRICE,
    doc: "Most that it may cost in a day (UTC), in US dollars; default: no limit",
  },
  connectTimeoutMs: {
    kind: "integer",
    min: 1,
    max: A_DAY_MS,
    default: 5000,
    doc: "Until the connection is there, TLS included",
  },
  firstByteTimeoutMs: {
    kind: "integer",
    min: 1,
    max: A_DAY_MS,
    default: 60_000,
    doc: "From the end of the upload to the first byte of the reply, the recording's own time at `speed` (1 if not given) not counted",
  },
  timeoutMs: {
    kind: "integer",
    min: 1,
    max: A_DAY_MS,
    doc: "For all of a try, the recording's own time at `speed` not counted; default: `--provider-timeout-ms`",
  },
  maxUploadMb: {
    kind: "integer",
    min: 1,
    max: 1_048_576,
    doc: "Largest upload that it takes, in MiB; default: 25 for `openai` and `v2`, else no limit",
  },
} as const satisfies Record<string, KeyEntry>;

type Keys = typeof PROVIDER_KEYS;
export type ProviderKey = keyof Keys;
type ValueOf<Entry> = Entry extends { kind: "choice"; choices: readonly (infer Choice)[] }
  ? Choice
  : Entry extends { kind: "boolean" }
    ? boolean
    : Entry extends { kind: "number" | "integer" }
      ? number
      : Entry extends { kind: "modelNames" }
        ? Readonly<Record<string, string>>
        : string;
/** A checked value for every key; those without a default may be undefined. */
export type ProviderSettings = {
  readonly [Key in ProviderKey]: Keys[Key] extends { required: true } | { default: unknown }
    ? ValueOf<Keys[Key]>
    : ValueOf<Keys[Key]> | undefined;
};

/** What is wrong with the list, as a sentence for the operator; holds no value that could be a key. */
export class ProviderSettingsError extends Error {
  override readonly name = "ProviderSettingsError";
}

export const PROVIDER_KEY_NAMES = Object.keys(PROVIDER_KEYS) as ProviderKey[];

export function providerKeyEntry(key: ProviderKey): KeyEntry {
  return PROVIDER_KEYS[key];
}
