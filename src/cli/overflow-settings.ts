import { UsageError } from "../core/config.js";
import { isLoopback } from "../core/loopback.js";
import type { Config } from "../core/options.js";
import type { ProviderSettings } from "../core/provider-settings.js";
import type { OverflowSettings } from "../remote/overflow.js";
import { ProviderClient } from "../remote/provider-client.js";
import { ProviderKeyError, readProviderKey } from "../remote/provider-key.js";

type OverflowOptions = Pick<
  Config,
  "providers" | "airGapped" | "overflowAfterMs" | "providerTimeoutMs" | "dailySpendLimit"
>;

/**
 * The remote providers as the options have them, each with its key.
 * @param note gets what an operator should know of them
 * @throws UsageError for a key that is not there, and for any provider with `--air-gapped`
 */
export function overflowSettings(
  { providers = [], airGapped, overflowAfterMs, providerTimeoutMs, dailySpendLimit }: OverflowOptions,
  environment: NodeJS.ProcessEnv,
  note: (line: string) => void,
): OverflowSettings {
  if (airGapped && providers.length > 0) {
    const names = providers.map(({ name }) => name).join(", ");
    throw new UsageError(`Expected no providers with --air-gapped, but the config file names ${names}.`);
  }
  const clients = providers.map((settings, index) => {
    const key = keyOf(settings, `providers[${index}]`, environment);
    for (const warning of warnings(settings, dailySpendLimit)) note(`provider ${settings.name}: ${warning}`);
    return new ProviderClient({ settings, key, timeoutMs: providerTimeoutMs });
  });
  if (clients.length > 0) {
    const names = providers.map(({ name }) => name).join(", ");
    note(`requests that would wait for more than ${overflowAfterMs} ms may go to: ${names}`);
  }
  return { providers: clients, overflowAfterMs, dailySpendLimit };
}

function keyOf(settings: ProviderSettings, place: string, environment: NodeJS.ProcessEnv): string | undefined {
  try {
    return readProviderKey(settings, environment);
  } catch (error) {
    if (!(error instanceof ProviderKeyError)) throw error;
    throw new UsageError(`Expected the key of ${settings.name} for ${place}, but ${error.message}.`);
  }
}

function warnings(settings: ProviderSettings, limitOfAll: number | undefined): string[] {
  const { protocol, hostname } = new URL(settings.baseUrl);
  const isLimited = settings.dailySpendLimit !== undefined || limitOfAll !== undefined;
  return [
    ...(protocol === "http:" && !isLoopback(hostname)
      ? ["over http its key and the recordings can be read on the way"]
      : []),
    ...(isLimited && settings.pricePerMinute === undefined
      ? ["a spend limit does not hold it, since it has no pricePerMinute"]
      : []),
  ];
}
