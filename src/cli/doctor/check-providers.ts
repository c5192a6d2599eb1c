import type { ProviderSettings } from "../../core/provider-settings.js";
import { type ProbeVerdict, probeProvider } from "../../remote/probe-provider.js";
import { ProviderKeyError, readProviderKey } from "../../remote/provider-key.js";
import { providerWarnings } from "../overflow-settings.js";
import type { Finding } from "./finding.js";

export interface ProviderOptions {
  providers: readonly ProviderSettings[] | undefined;
  airGapped: boolean;
  dailySpendLimit: number | undefined;
}

/** Each provider: its key, whether it answers, whether it has the models, what was said of it. Connects to none if air-gapped. */
export async function checkProviders(
  { providers = [], airGapped, dailySpendLimit }: ProviderOptions,
  environment: NodeJS.ProcessEnv,
): Promise<Finding[]> {
  const names = providers.map(({ name }) => name).join(", ");
  if (airGapped) {
    const text = "air-gapped: nothing goes to anybody else";
    if (providers.length === 0) return [{ state: "ok", subject: "overflow", text }];
    const remedy = `the server does not start: take providers (${names}) out of the config file, or leave out --air-gapped`;
    return [{ state: "fail", subject: "overflow", text, remedy }];
  }
  if (providers.length === 0) return [{ state: "ok", subject: "overflow", text: "no provider: nothing leaves here" }];
  return Promise.all(providers.map((settings) => checkProvider(settings, dailySpendLimit, environment)));
}

async function checkProvider(
  settings: ProviderSettings,
  limitOfAll: number | undefined,
  environment: NodeJS.ProcessEnv,
): Promise<Finding> {
  const subject = "overflow";
  const { name, dialect, baseUrl } = settings;
  const details = [promisesOf(settings), ...providerWarnings(settings, limitOfAll)];
  let key: string | undefined;
  try {
    key = readProviderKey(settings, environment);
  } catch (error) {
    if (!(error instanceof ProviderKeyError)) throw error;
    const remedy = "the server does not start without it";
    return { state: "fail", subject, text: `${name}: ${error.message}`, details, remedy };
  }
  const verdict = await probeProvider(settings, key);
  const { text, remedy } = describe(verdict, settings);
  const isWell = remedy === undefined && details.length === 1;
  const place = `${name} (${dialect}, ${new URL(baseUrl).host})`;
  return { state: isWell ? "ok" : "note", subject, text: `${place}: ${text}`, details, remedy };
}

const UNREACHABLE: Record<(ProbeVerdict & { kind: "unreachable" })["reason"], string> = {
  time: "it did not answer in time",
  name: "its host was not found",
  certificate: "its certificate is not trusted",
  connection: "there is no connection to it",
};

function describe(verdict: ProbeVerdict, { models, apiKeyEnv, apiKeyFile }: ProviderSettings) {
  const hasKey = apiKeyEnv !== undefined || apiKeyFile !== undefined;
  switch (verdict.kind) {
    case "unreachable":
      return { text: UNREACHABLE[verdict.reason], remedy: "check baseUrl and the way there; requests pass it over" };
    case "key_refused": {
      const remedy = hasKey ? "get a new key" : "name its key in apiKeyEnv or apiKeyFile";
      return { text: `it refuses ${hasKey ? "the key" : "to answer without a key"} (${verdict.status})`, remedy };
    }
    case "strange":
      return { text: `it answers ${verdict.status}`, remedy: "check baseUrl: it ends where the dialect's path begins" };
    case "answers": {
      const wanted = [...new Set(Object.values(models))].filter((model) => model !== "");
      const missing = wanted.filter((model) => verdict.models && !verdict.models.includes(model));
      if (missing.length > 0) {
        return { text: `it answers, but does not list ${missing.join(", ")}`, remedy: "check the names in models" };
      }
      const what = verdict.models ? `it has ${wanted.join(", ") || "models of its choice"}` : "it lists no models";
      return { text: `it answers; ${what}`, remedy: undefined };
    }
  }
}

/** What the operator said of it, and what not: that counts against it where a request demands it. */
function promisesOf({ eu, zeroDataRetention, quantized, pricePerMinute, speed }: ProviderSettings): string {
  return [
    `eu: ${eu ? "yes" : "no"}`,
    `zero data retention: ${zeroDataRetention ? "yes" : "no"}`,
    `quantized: ${quantized ? "yes, or not said" : "no"}`,
    `price: ${pricePerMinute === undefined ? "not said" : `$${pricePerMinute} a minute`}`,
    `speed: ${speed === undefined ? "not said" : `${speed} ×`}`,
  ].join(", ");
}
