import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import envPaths from "env-paths";
import { closestMatch } from "leven";
import {
  type Command,
  type Config,
  environmentName,
  flagName,
  isFileOnly,
  OPTION_NAMES,
  type OptionName,
  optionEntry,
} from "./options.js";
import { type ProviderSettings, ProviderSettingsError } from "./provider-settings.js";
import { readProviders } from "./read-providers.js";
import { readSecret, SecretError } from "./secret.js";

/** A mistake in flags, environment or config file: one line for the operator, exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** What keeps a command from being done and an operator can act on: one line, exit code 1. */
export class CommandError extends Error {
  override readonly name = "CommandError";
}

/** A configuration and the arguments that are no options (file names, a subcommand). */
export interface CommandLine {
  config: Config & { home: string };
  positionals: string[];
}

/**
 * Reads the options of `command`: flag before environment before config file before default.
 * @throws UsageError naming the nearest option when one is unknown, or what was expected of a wrong value
 */
export function readCommandLine(command: Command, args: string[], environment: NodeJS.ProcessEnv): CommandLine {
  const names = OPTION_NAMES.filter((name) => optionEntry(name).commands.includes(command));
  const { flags, positionals } = readFlags(
    names.filter((name) => !isFileOnly(name)),
    args,
  );
  const fromEnvironment = (name: OptionName) => (!isFileOnly(name) && environment[environmentName(name)]) || undefined;
  const file = readConfigFile(flags.get("config") ?? fromEnvironment("config"));

  const values: Record<string, unknown> = {};
  for (const name of OPTION_NAMES) {
    const entry = optionEntry(name);
    const applies = entry.commands.includes(command);
    const sources: [string, unknown][] = [
      [`--${flagName(name)}`, flags.get(name)],
      [environmentName(name), applies ? fromEnvironment(name) : undefined],
      [`config key ${name}`, applies ? file.get(name) : undefined],
      ["default", entry.default],
    ];
    const [origin, raw] = sources.find(([, value]) => value !== undefined) ?? ["default", undefined];
    values[name] = raw === undefined ? undefined : checkValue(name, raw, origin);
  }
  values.home ??= envPaths("sotto", { suffix: "" }).data;
  return { config: values as CommandLine["config"], positionals };
}

function readFlags(
  names: OptionName[],
  args: string[],
): { flags: Map<OptionName, string | boolean>; positionals: string[] } {
  const byFlag = new Map(names.map((name) => [flagName(name), name]));
  const options = Object.fromEntries(
    names.map((name) => [
      flagName(name),
      { type: optionEntry(name).kind === "boolean" ? "boolean" : "string" } as const,
    ]),
  );
  const { tokens } = parseArgs({ args, options, strict: false, allowPositionals: true, tokens: true });
  const flags = new Map<OptionName, string | boolean>();
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") positionals.push(token.value);
    if (token.kind !== "option") continue;
    const name = byFlag.get(token.name);
    if (!name)
      throw new UsageError(
        unknownName(
          token.rawName,
          [...byFlag.keys()].map((flag) => `--${flag}`),
        ),
      );
    if (optionEntry(name).kind === "boolean") flags.set(name, token.value ?? true);
    else if (token.value === undefined) throw new UsageError(`${token.rawName} needs a value.`);
    else flags.set(name, token.value);
  }
  return { flags, positionals };
}

function readConfigFile(path: string | boolean | undefined): Map<OptionName, unknown> {
  const values = new Map<OptionName, unknown>();
  if (path === undefined) return values;
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(String(path), "utf8"));
  } catch (error) {
    throw new UsageError(`The config file ${path} could not be read as JSON: ${(error as Error).message}`);
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    throw new UsageError(`The config file ${path} must hold one JSON object.`);
  }
  const byKey = new Map(OPTION_NAMES.flatMap((name) => [[name, name] as const, [flagName(name), name] as const]));
  for (const [key, value] of Object.entries(parsed)) {
    const name = byKey.get(key);
    if (!name) throw new UsageError(`${unknownName(key, OPTION_NAMES)} (in ${path})`);
    if (value !== null) values.set(name, value);
  }
  return values;
}

function unknownName(given: string, known: readonly string[]): string {
  const nearest = closestMatch(given, known);
  return `Unknown option ${given}${nearest ? `; did you mean ${nearest}?` : "."}`;
}

const DURATION_UNITS_MS = { s: 1000, m: 60_000, h: 3_600_000 } as const;

type OptionValue = string | number | boolean | readonly ProviderSettings[];

function checkValue(name: OptionName, raw: unknown, origin: string): OptionValue {
  const entry = optionEntry(name);
  const wrong = (expected: string) =>
    new UsageError(`Expected ${expected} for ${origin}, but received '${String(raw)}'.`);
  switch (entry.kind) {
    case "boolean": {
      const text = String(raw);
      if (!["true", "false", "1", "0"].includes(text)) throw wrong("true or false");
      return text === "true" || text === "1";
    }
    case "integer": {
      const value = Number(raw);
      if (raw === "" || !Number.isInteger(value) || value < entry.min || value > entry.max) {
        throw wrong(`a whole number from ${entry.min} to ${entry.max}`);
      }
      return value;
    }
    case "number": {
      const value = Number(raw);
      if (raw === "" || typeof raw === "boolean" || !(value >= entry.min && value <= entry.max)) {
        throw wrong(`a number from ${entry.min} to ${entry.max}`);
      }
      return value;
    }
    case "providers":
      try {
        return readProviders(raw);
      } catch (error) {
        if (!(error instanceof ProviderSettingsError)) throw error;
        throw new UsageError(error.message);
      }
    case "duration": {
      if (entry.hasNever && String(raw) === "-1") return Number.POSITIVE_INFINITY;
      const match = /^(\d+(?:\.\d+)?)([smh]?)$/.exec(String(raw));
      if (!match)
        throw wrong(`a duration such as 90s, 5m, 2h or bare seconds${entry.hasNever ? ", or -1 for ever" : ""}`);
      return Math.round(Number(match[1]) * DURATION_UNITS_MS[(match[2] || "s") as "s" | "m" | "h"]);
    }
    case "bytes": {
      const match = /^(\d+(?:\.\d+)?)(?:([kmgt])i?b?|b)?$/i.exec(String(raw));
      if (!match || Number(match[1]) === 0) throw wrong("a size such as 6g, 512m or bare bytes");
      return Math.round(Number(match[1]) * 1024 ** " kmgt".indexOf(match[2]?.toLowerCase() ?? " "));
    }
    case "secret":
      try {
        return readSecret(String(raw));
      } catch (error) {
        if (!(error instanceof SecretError)) throw error;
        throw new UsageError(`Expected ${error.message} for ${origin}.`);
      }
    case "string": {
      const text = String(raw);
      if (text === "") throw wrong("a value");
      if (entry.choices && !entry.choices.includes(text)) throw wrong(`one of ${entry.choices.join(", ")}`);
      return text;
    }
  }
}
