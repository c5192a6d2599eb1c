import { closestMatch } from "leven";
import {
  PROVIDER_KEY_NAMES,
  type ProviderKey,
  type ProviderSettings,
  ProviderSettingsError,
  providerKeyEntry,
} from "./provider-settings.js";

/** Fits a header, a metric's label and a file; `local` is the engine here. */
const NAME = /^[A-Za-z0-9][\w.-]{0,63}$/;
const LOCAL = "local";
/** Fits a header; empty: the provider chooses. */
const MODEL_NAME = /^[\x20-\x7e]{0,200}$/;
const ENVIRONMENT_NAME = /^[A-Za-z_]\w*$/;
/** Keys that people expect to be there: where theirs goes instead. */
const KEY_ITSELF = /^(api|secret|auth|access)?[-_]?(key|token|secret)$/i;

/**
 * Checks the list `providers` of the config file.
 * @throws ProviderSettingsError naming the place, e.g. `providers[1].baseUrl`, what was expected and, unless it could be a
 *   key, what came
 */
export function readProviders(value: unknown): ProviderSettings[] {
  if (!Array.isArray(value)) throw wrong("providers", "a list of objects", value);
  const providers = value.map((item, index) => readProvider(item, `providers[${index}]`));
  providers.forEach(({ name }, index) => {
    const first = providers.findIndex((other) => other.name.toLowerCase() === name.toLowerCase());
    if (first < index) {
      throw new ProviderSettingsError(
        `Expected a name of its own for providers[${index}].name, but providers[${first}] is '${name}' too.`,
      );
    }
  });
  return providers;
}

function readProvider(item: unknown, place: string): ProviderSettings {
  if (typeof item !== "object" || item === null || Array.isArray(item)) throw wrong(place, "an object", item);
  const given = new Map(Object.entries(item).filter(([, value]) => value !== null));
  for (const key of given.keys()) refuseUnknown(key, place);
  const values = PROVIDER_KEY_NAMES.map((key) => [key, readValue(key, given.get(key), `${place}.${key}`)] as const);
  const settings = Object.fromEntries(values) as unknown as ProviderSettings;
  if (settings.apiKeyEnv !== undefined && settings.apiKeyFile !== undefined) {
    throw new ProviderSettingsError(`Expected either apiKeyEnv or apiKeyFile in ${place}, but both are there.`);
  }
  return settings;
}

function refuseUnknown(key: string, place: string): void {
  if ((PROVIDER_KEY_NAMES as string[]).includes(key)) return;
  const nearest = closestMatch(key, PROVIDER_KEY_NAMES);
  const remedy = KEY_ITSELF.test(key)
    ? "keys do not stand in the config file: name the environment variable in apiKeyEnv, or the file in apiKeyFile."
    : `did you mean ${nearest}?`;
  throw new ProviderSettingsError(`Unknown key ${place}.${key.slice(0, 40)}; ${remedy}`);
}

function readValue(key: ProviderKey, value: unknown, place: string): unknown {
  const entry = providerKeyEntry(key);
  if (value === undefined) {
    if (entry.required) throw new ProviderSettingsError(`Expected a value for ${place}, but there is none.`);
    return entry.default;
  }
  switch (entry.kind) {
    case "name":
      if (typeof value === "string" && NAME.test(value) && value.toLowerCase() !== LOCAL) return value;
      throw wrong(place, `up to 64 letters, digits, '.', '_' and '-', and not '${LOCAL}'`, value);
    case "choice":
      if (entry.choices.includes(value as string)) return value;
      throw wrong(place, `one of ${entry.choices.join(", ")}`, value);
    case "boolean":
      if (typeof value === "boolean") return value;
      throw wrong(place, "true or false", value);
    case "number":
    case "integer": {
      const isRight = typeof value === "number" && value >= entry.min && value <= entry.max;
      if (isRight && (entry.kind === "number" || Number.isInteger(value))) return value;
      throw wrong(
        place,
        `${entry.kind === "integer" ? "a whole number" : "a number"} from ${entry.min} to ${entry.max}`,
        value,
      );
    }
    case "environmentName":
      if (typeof value === "string" && ENVIRONMENT_NAME.test(value)) return value;
      throw new ProviderSettingsError(`Expected the name of an environment variable for ${place}, not the key itself.`);
    case "path":
      if (typeof value === "string" && value !== "") return value;
      throw new ProviderSettingsError(`Expected the path of a file for ${place}.`);
    case "modelNames":
      return readModelNames(value, place);
    case "baseUrl":
      return readBaseUrl(value, place);
  }
}

function readModelNames(value: unknown, place: string): Record<string, string> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw wrong(place, 'an object such as {"base-q8_0": "whisper-1"}', value);
  }
  const entries = Object.entries(value);
  if (entries.length === 0) throw new ProviderSettingsError(`Expected at least one model for ${place}.`);
  for (const [local, theirs] of entries) {
    if (typeof theirs !== "string" || !MODEL_NAME.test(theirs))
      throw wrong(`${place}.${local}`, "their name of the model", theirs);
  }
  return Object.fromEntries(entries);
}

/** What came is not shown: it may hold a password. */
function readBaseUrl(value: unknown, place: string): string {
  const refuse = (fault: string) =>
    new ProviderSettingsError(`Expected an http or https URL such as https://host/v1 for ${place}, but ${fault}.`);
  if (typeof value !== "string" || !URL.canParse(value)) throw refuse("it cannot be read as one");
  const url = new URL(value);
  if (url.protocol !== "https:" && url.protocol !== "http:") throw refuse("its scheme is another");
  if (url.username !== "" || url.password !== "") throw refuse("it holds a user name or a password");
  if (url.search !== "" || url.hash !== "") throw refuse("it holds a query or a fragment");
  return url.href.replace(/\/+$/, "");
}

function wrong(place: string, expected: string, value: unknown): ProviderSettingsError {
  const shown = (typeof value === "string" ? value : (JSON.stringify(value) ?? "nothing")).slice(0, 40);
  return new ProviderSettingsError(`Expected ${expected} for ${place}, but received '${shown}'.`);
}
