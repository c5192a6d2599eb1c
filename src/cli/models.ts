import type { Writable } from "node:stream";
import { closestMatch } from "leven";
import { importModel } from "../catalog/import-model.js";
import { ModelError } from "../catalog/model-error.js";
import { ModelStore } from "../catalog/model-store.js";
import { type PullOptions, pullModel } from "../catalog/pull.js";
import { pullSpeechModel } from "../catalog/pull-speech.js";
import { removeModel } from "../catalog/remove-model.js";
import { SpeechModel, speechEntry } from "../catalog/speech-model.js";
import { type Verdict, verifyModel, verifySpeechModel } from "../catalog/verify-model.js";
import { readCommandLine, UsageError } from "../core/config.js";
import { SottoError } from "../core/errors.js";
import { modelsTable } from "./models-table.js";
import { PullProgressDisplay } from "./pull-progress.js";

/** Where a command's words go and its options come from. */
export interface CommandSurroundings {
  environment: NodeJS.ProcessEnv;
  output: Writable;
  /** Progress and reasons of failure. */
  notes: Writable & { isTTY?: boolean };
}

interface Call extends CommandSurroundings {
  store: ModelStore;
  source: string | undefined;
}

interface Subcommand {
  /** Name of the argument; in brackets when it may be missing. */
  argument?: "ID" | "FILE" | "[ID]";
  run: (call: Call, argument: string) => Promise<number>;
}

const SUBCOMMANDS: Record<string, Subcommand> = {
  list: { run: list },
  pull: { argument: "ID", run: pull },
  import: { argument: "FILE", run: importFile },
  verify: { argument: "[ID]", run: verify },
  rm: { argument: "ID", run: remove },
};

/**
 * `sotto models list | pull ID | import FILE | verify [ID] | rm ID`.
 * @returns the exit code: 1 with a one-line reason when it failed
 * @throws UsageError for a mistake in the command line
 */
export async function runModels(args: string[], surroundings: Partial<CommandSurroundings> = {}): Promise<number> {
  const { environment = process.env, output = process.stdout, notes = process.stderr } = surroundings;
  const { config, positionals } = readCommandLine("models", args, environment);
  const [name, ...rest] = positionals;
  const subcommand = demandSubcommand(name);
  const argument = demandArgument(String(name), subcommand, rest);
  const store = new ModelStore({ home: config.home, configuredModel: config.model });
  try {
    return await subcommand.run({ environment, output, notes, store, source: config.source }, argument);
  } catch (error) {
    notes.write(`sotto: ${reasonOf(error)}\n`);
    return 1;
  }
}

function demandSubcommand(name: string | undefined): Subcommand {
  const known = Object.keys(SUBCOMMANDS);
  if (name === undefined) throw new UsageError(`models needs one of ${known.join(", ")}.`);
  const found = Object.hasOwn(SUBCOMMANDS, name) ? SUBCOMMANDS[name] : undefined;
  if (found) return found;
  const nearest = closestMatch(name, known);
  throw new UsageError(`Unknown command models ${name}${nearest ? `; did you mean ${nearest}?` : "."}`);
}

function demandArgument(name: string, { argument }: Subcommand, rest: string[]): string {
  const surplus = argument === undefined ? rest[0] : rest[1];
  if (surplus !== undefined) {
    throw new UsageError(`models ${name} takes ${argument ?? "no argument"}, but received '${surplus}' as well.`);
  }
  if (rest[0] === undefined && argument !== undefined && argument !== "[ID]") {
    throw new UsageError(`models ${name} needs ${argument}.`);
  }
  return rest[0] ?? "";
}

/** @throws whatever is no failure that an operator can act on */
function reasonOf(error: unknown): string {
  const isOfSystem = error instanceof Error && "syscall" in error;
  if (error instanceof ModelError || error instanceof SottoError || isOfSystem) return (error as Error).message;
  throw error;
}

async function list({ store, output }: Call): Promise<number> {
  const defaultModel = await store.defaultModel().catch(() => undefined);
  const speech = await new SpeechModel(store.folder).find();
  output.write(modelsTable({ ...(await store.scan()), defaultId: defaultModel?.id, speech }));
  return 0;
}

async function pull({ store, source, output, notes }: Call, id: string): Promise<number> {
  const display = new PullProgressDisplay(id, notes);
  const interruption = new AbortController();
  const interrupt = () => interruption.abort();
  process.once("SIGINT", interrupt).once("SIGTERM", interrupt);
  try {
    const { alreadyInstalled, verification, facts } = await pullAny(id, {
      folder: store.folder,
      source,
      onProgress: (progress) => display.update(progress),
      signal: interruption.signal,
    });
    display.stop();
    if (alreadyInstalled) output.write(`${id} was installed already.\n`);
    else if (verification === "structure") {
      output.write(
        `${id} installed, ${facts.bytes} bytes; structure right, but no checksum is published to verify it.\n`,
      );
    } else output.write(`${id} installed, ${facts.bytes} bytes; ${verification} as published.\n`);
    return 0;
  } finally {
    display.stop();
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
  }
}

/** A model of speech to text, or the one that finds speech. */
async function pullAny(id: string, options: Omit<PullOptions, "id">) {
  if (id !== speechEntry().id) return pullModel({ id, ...options });
  return { ...(await pullSpeechModel(options)), verification: "sha256" } as const;
}

async function importFile({ store, output, notes }: Call, file: string): Promise<number> {
  const { id, alreadyInstalled, published } = await importModel(store, file);
  output.write(alreadyInstalled ? `${id} was installed already.\n` : `${id} installed.\n`);
  if (published === "different") notes.write(`Note: this is not the file that is published as ${id}.\n`);
  return 0;
}

async function verify({ store, output, notes }: Call, id: string): Promise<number> {
  const { models, broken } = await store.scan();
  const chosen = [...models, ...broken].filter((model) => id === "" || model.id === id);
  const speech = new SpeechModel(store.folder);
  const asksForSpeech = id === speechEntry().id || (id === "" && (await speech.find()).state !== "missing");
  if (chosen.length === 0 && id !== "" && !asksForSpeech) chosen.push(await store.find(id));
  let failures = 0;
  const tell = (name: string, { right, finding }: Verdict) => {
    (right ? output : notes).write(`${name}: ${finding}\n`);
    if (!right) failures++;
  };
  for (const model of chosen) tell(model.id, await verifyModel(model.id, model.path));
  if (asksForSpeech) tell(speechEntry().id, await verifySpeechModel(speech.path));
  if (chosen.length === 0 && !asksForSpeech) output.write("No model is installed.\n");
  return failures > 0 ? 1 : 0;
}

async function remove({ store, output }: Call, id: string): Promise<number> {
  await removeModel(store, id);
  output.write(`${id} removed.\n`);
  return 0;
}
