import { readSecret, SecretError } from "../core/secret.js";

/** Where a key was looked for, and what is wrong; holds no part of it. */
export class ProviderKeyError extends Error {
  override readonly name = "ProviderKeyError";
}

/** What a header may hold. */
const KEY = /^[\x21-\x7e]{1,4096}$/;

/**
 * The key of a provider, from the environment or a file.
 * @returns undefined when the settings name neither: the provider asks for none
 * @throws ProviderKeyError
 */
export function readProviderKey(
  { apiKeyEnv, apiKeyFile }: { apiKeyEnv: string | undefined; apiKeyFile: string | undefined },
  environment: NodeJS.ProcessEnv,
): string | undefined {
  if (apiKeyEnv !== undefined) {
    const key = environment[apiKeyEnv];
    if (!key) throw new ProviderKeyError("apiKeyEnv names an environment variable that is not set");
    return demandKey(key.trim(), "the environment variable of apiKeyEnv");
  }
  if (apiKeyFile === undefined) return undefined;
  try {
    return demandKey(readSecret(`@${apiKeyFile}`).trim(), "the file of apiKeyFile");
  } catch (error) {
    if (!(error instanceof SecretError)) throw error;
    throw new ProviderKeyError("apiKeyFile names a file that is empty or cannot be read");
  }
}

function demandKey(key: string, place: string): string {
  if (!KEY.test(key)) throw new ProviderKeyError(`${place} holds no key: one line without spaces is expected`);
  return key;
}
