import { jwksHost } from "../auth/jwks-source.js";
import { UsageError } from "../core/config.js";
import { isLoopback } from "../core/loopback.js";
import type { Config } from "../core/options.js";

type OutwardOptions = Pick<Config, "airGapped" | "allowPull" | "allowUrl" | "jwks">;

/**
 * Whether an option would make the server connect to another machine though it is air-gapped. Providers and traces are looked
 * at where they are read (`overflow-settings.ts`, `tracing.ts`).
 * @returns what was expected instead, as a sentence; undefined: none would
 */
export function breachOfAirGap({ airGapped, allowPull, allowUrl, jwks }: OutwardOptions): string | undefined {
  if (!airGapped) return undefined;
  if (allowPull) return "Expected no --allow-pull with --air-gapped: it fetches models.";
  if (allowUrl !== "off") {
    return `Expected --allow-url off with --air-gapped, but received '${allowUrl}': it fetches recordings.`;
  }
  const host = jwks === undefined ? undefined : jwksHost(jwks);
  // What came is not shown: the URL may hold a password.
  if (host !== undefined && !isLoopback(host)) {
    return "Expected for --jwks with --air-gapped a file or a URL on the loopback address, but received another URL.";
  }
  return undefined;
}

/** @throws UsageError */
export function demandAirGap(options: OutwardOptions): void {
  const breach = breachOfAirGap(options);
  if (breach !== undefined) throw new UsageError(breach);
}
