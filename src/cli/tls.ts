import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";
import { CommandError, UsageError } from "../core/config.js";
import type { Config } from "../core/options.js";

/** A certificate with its chain and its private key, both as PEM. */
export interface TlsFiles {
  cert: Buffer;
  key: Buffer;
}

/**
 * The files behind `--tls-cert` and `--tls-key`, which must be there together and fit each other.
 * @returns undefined when neither is given: plain HTTP
 * @throws UsageError, CommandError
 */
export function readTls({ tlsCert, tlsKey }: Pick<Config, "tlsCert" | "tlsKey">): TlsFiles | undefined {
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  if (tlsCert === undefined || tlsKey === undefined) throw new UsageError("--tls-cert and --tls-key need each other.");
  const files = { cert: read("--tls-cert", tlsCert), key: read("--tls-key", tlsKey) };
  try {
    createSecureContext(files);
  } catch (error) {
    // OpenSSL's reason holds nothing of the key.
    throw new CommandError(`--tls-cert and --tls-key are no pair of PEM files: ${(error as Error).message}.`);
  }
  return files;
}

function read(flag: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new CommandError(`${flag} cannot be read (${(error as NodeJS.ErrnoException).code}): ${path}`);
  }
}
