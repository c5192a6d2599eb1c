import { closestMatch } from "leven";
import { createKey } from "../auth/key.js";
import { KeyFile, KeyFileError } from "../auth/key-file.js";
import { RIGHTS, type Right } from "../auth/rights.js";
import { CommandError, readCommandLine, UsageError } from "../core/config.js";
import { alignColumns } from "./columns.js";
import type { CommandSurroundings } from "./models.js";

interface Call extends CommandSurroundings {
  file: KeyFile;
  rights: string;
}

const SUBCOMMANDS: Record<string, { argument?: "NAME"; run: (call: Call, name: string) => Promise<void> }> = {
  create: { argument: "NAME", run: create },
  list: { run: list },
  revoke: { argument: "NAME", run: revoke },
};

/** Fit for a log line, a table and a command line. */
const NAME = /^[A-Za-z0-9][\w.@-]{0,63}$/;

/**
 * `sotto keys create NAME | list | revoke NAME`. A running server knows of it within a second.
 * @returns the exit code: 1 with a one-line reason when it failed
 * @throws UsageError for a mistake in the command line
 */
export async function runKeys(args: string[], surroundings: Partial<CommandSurroundings> = {}): Promise<number> {
  const { environment = process.env, output = process.stdout, notes = process.stderr } = surroundings;
  const { config, positionals } = readCommandLine("keys", args, environment);
  const [name, ...rest] = positionals;
  const { argument, run } = demandSubcommand(name);
  if (argument !== undefined && rest[0] === undefined) throw new UsageError(`keys ${name} needs ${argument}.`);
  const surplus = rest[argument === undefined ? 0 : 1];
  if (surplus !== undefined) {
    throw new UsageError(`keys ${name} takes ${argument ?? "no argument"}, but received '${surplus}' as well.`);
  }
  const call = { environment, output, notes, file: new KeyFile(config.home), rights: config.rights };
  try {
    await run(call, rest[0] ?? "");
    return 0;
  } catch (error) {
    const isOfSystem = error instanceof Error && "syscall" in error;
    if (!(error instanceof KeyFileError || error instanceof CommandError || isOfSystem)) throw error;
    notes.write(`sotto: ${(error as Error).message}\n`);
    return 1;
  }
}

function demandSubcommand(name: string | undefined) {
  const known = Object.keys(SUBCOMMANDS);
  if (name === undefined) throw new UsageError(`keys needs one of ${known.join(", ")}.`);
  const found = Object.hasOwn(SUBCOMMANDS, name) ? SUBCOMMANDS[name] : undefined;
  if (found) return found;
  const nearest = closestMatch(name, known);
  throw new UsageError(`Unknown command keys ${name}${nearest ? `; did you mean ${nearest}?` : "."}`);
}

async function create({ file, rights: list, output, notes }: Call, name: string): Promise<void> {
  if (!NAME.test(name)) {
    const expected = "1 to 64 letters, digits, '.', '_', '-' or '@', a letter or digit first";
    throw new UsageError(`Expected as the key's name ${expected}, but received '${name}'.`);
  }
  const rights = parseRights(list);
  const { key, record } = createKey(name, rights);
  const isFirst = await file.change((keys) => {
    if (keys.some((existing) => existing.name === name)) {
      const remedy = `Choose another name, or revoke it first: npx sotto keys revoke ${name}`;
      throw new CommandError(`There is a key named ${name} already. ${remedy}`);
    }
    return { keys: [...keys, record], result: keys.length === 0 };
  });
  // The key alone on standard output: it can be piped to where it is kept.
  output.write(`${key}\n`);
  notes.write(`Key ${name} may: ${rights.join(", ")}. It is shown only now; Sotto keeps its hash alone.\n`);
  if (isFirst) notes.write("From now on every request needs a key.\n");
}

function parseRights(list: string): Right[] {
  const given = list.split(",").map((word) => word.trim());
  const unknown = given.find((word) => !(RIGHTS as readonly string[]).includes(word));
  if (unknown !== undefined) {
    throw new UsageError(`Expected for --rights a list of ${RIGHTS.join(", ")}, but received '${unknown}'.`);
  }
  return RIGHTS.filter((right) => given.includes(right));
}

async function list({ file, output }: Call): Promise<void> {
  const keys = await file.read();
  if (keys.length === 0) {
    output.write("There is no key. To make one: npx sotto keys create NAME\n");
    return;
  }
  const rows = keys.map(({ name, prefix, created, rights }) => [name, `${prefix}-…`, created, rights.join(", ")]);
  output.write(`${alignColumns([["NAME", "KEY", "CREATED", "RIGHTS"], ...rows])}\n`);
}

async function revoke({ file, output, notes }: Call, name: string): Promise<void> {
  const leftCount = await file.change((keys) => {
    const left = keys.filter((key) => key.name !== name);
    if (left.length === keys.length) {
      const known = keys.map((key) => key.name).join(", ") || "none";
      throw new CommandError(`There is no key named '${name}'. Keys: ${known}.`);
    }
    return { keys: left, result: left.length };
  });
  output.write(`${name} revoked.\n`);
  if (leftCount === 0) {
    notes.write("No key is left, so every request is refused until another is made: npx sotto keys create NAME\n");
  }
}
