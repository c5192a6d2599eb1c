import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { closestMatch } from "leven";
import { type InstalledModel, ModelStore } from "../catalog/model-store.js";
import { CommandError, type CommandLine, readCommandLine, UsageError } from "../core/config.js";
import { usableCores } from "../core/cores.js";
import type { Config } from "../core/options.js";
import { chooseBackend } from "../engine/backend.js";
import type { CoreShare } from "../engine/parallelism.js";
import { tunedShare, tuningPlace } from "../engine/tuned-share.js";
import { type CommandContestant, type Contestant, RunningContestant } from "./bench/contestant.js";
import { describeMachine, describeSotto } from "./bench/machine.js";
import { emptyRound, measureCommand, measureRound, type Plan } from "./bench/measure.js";
import { type RecordingSource, recordingsFor, WINDOW_SEC } from "./bench/recordings.js";
import { benchTable, compare, comparisonLines, figuresOf, type Measured, standardOutput } from "./bench/report.js";
import { prepareRival, RIVAL_NAMES, type RivalName } from "./bench/rivals.js";
import { bestShare, inWords, sharesToTry, tryShares, tuningTable } from "./bench/tune.js";

const MAIN = fileURLToPath(new URL("../main.js", import.meta.url));
/** The long recording: as many windows as take no more than this, one at least. */
const LONG_WITHIN_MS = 60_000;
const MOST_WINDOWS = 11;
const REPEATS = 3;
const EXIT_FAILED = 1;
const MOST_CLIENTS = 64;

/**
 * `sotto bench`: measures a server with the model, and rivals beside it, in alternating rounds. The table goes to standard
 * output and so does a line of JSON, unless `--out` names a file for it; with `--json` the JSON alone. With `--tune` ways to
 * share the cores are measured instead.
 * @returns 1 when an answer was wrong, or a rival could not be had
 */
export async function runBench(args: string[]): Promise<number> {
  const { config, positionals } = readCommandLine("bench", args, process.env);
  if (positionals.length > 0) throw new UsageError(`bench takes no argument, but received '${positionals[0]}'.`);
  const rivalNames = listOf(config.against).map(rivalName);
  const clients = listOf(config.clients).map(clientCount);
  if (config.tune && (rivalNames.length > 0 || config.workers !== undefined || config.threads !== undefined)) {
    throw new UsageError(
      "Expected none of --against, --workers and --threads with --tune, which finds the latter two.",
    );
  }
  const interrupted = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => interrupted.abort(new CommandError("interrupted.")));
  }
  const note = (line: string) => process.stderr.write(`${line}\n`);

  const model = await new ModelStore({ home: config.home, configuredModel: config.model }).find(undefined);
  const recordings = await recordingsFor(model, config.ffmpeg);
  const folder = await mkdtemp(join(tmpdir(), "sotto-bench-"));
  try {
    if (config.tune) return await tune(config, model, recordings, { folder, note, signal: interrupted.signal });
    const own = ownServer(config, model, folder);
    const servers: Contestant[] = [own];
    const commands: CommandContestant[] = [];
    let isComplete = true;
    const threads = Math.min(config.threads ?? usableCores(), usableCores());
    for (const name of rivalNames) {
      try {
        const rival = await prepareRival(name, model.path, threads, interrupted.signal);
        servers.push(...rival.servers);
        commands.push(...rival.commands);
      } catch (error) {
        if (interrupted.signal.aborted || !(error instanceof CommandError)) throw error;
        note(error.message);
        isComplete = false;
      }
    }
    const longSec = await longSecFor(own, recordings, interrupted.signal);
    const plan: Plan = { rounds: config.rounds, longSec, repeats: REPEATS, clients };
    const measured: Measured[] = [...servers, ...commands].map(({ name, versions }) => ({
      name,
      versions,
      rounds: [],
    }));
    for (let round = 0; round < plan.rounds; round++) {
      for (const [index, contestant] of servers.entries()) {
        note(`round ${round + 1} of ${plan.rounds}: ${contestant.name}`);
        try {
          measured[index]?.rounds.push(await measureRound(contestant, recordings, plan, interrupted.signal));
        } catch (error) {
          // What a rival cannot do once it may do the next time; this round of it is empty, and the others count.
          if (contestant === own || interrupted.signal.aborted || !(error instanceof CommandError)) throw error;
          note(`${error.message}; this round of it is left out`);
          measured[index]?.rounds.push(emptyRound());
          isComplete = false;
        }
      }
      for (const [index, contestant] of commands.entries()) {
        note(`round ${round + 1} of ${plan.rounds}: ${contestant.name}`);
        const long = { longSec, folder };
        const figures = await measureCommand(contestant, recordings, long, interrupted.signal);
        measured[servers.length + index]?.rounds.push(figures);
      }
    }
    const areRight = await tell(measured, plan, { config, model, recordings, threads });
    return areRight && isComplete ? 0 : EXIT_FAILED;
  } catch (error) {
    interrupted.signal.throwIfAborted(); // whatever else it brought about
    throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Prints and writes all of it. @returns whether every answer was right */
async function tell(
  measured: readonly Measured[],
  plan: Plan,
  about: { config: Config; model: InstalledModel; recordings: RecordingSource; threads: number },
): Promise<boolean> {
  const { config, model, recordings, threads } = about;
  const figures = measured.map((one) => figuresOf(one, plan));
  const [own, ...rivals] = measured;
  const comparisons = own ? rivals.flatMap((rival) => compare(own, rival)) : [];
  const result = {
    date: new Date().toISOString(),
    sotto: describeSotto(),
    machine: describeMachine(),
    model: { id: model.id, quantization: model.quantization, bytes: model.bytes },
    audio: recordings.description,
    threads,
    plan,
    figures,
    comparisons,
    rounds: measured.map(({ name, rounds }) => ({ name, rounds })),
  };
  const json = JSON.stringify(result);
  if (config.out) await writeFile(config.out, `${JSON.stringify(result, null, 1)}\n`);
  const head = `${model.id} (${model.quantization}), ${threads} threads, ${recordings.description}`;
  const parts = [head, benchTable(figures), comparisonLines(comparisons)];
  process.stdout.write(standardOutput(parts, json, { json: config.json, hasFile: config.out !== undefined }));
  const wrong = figures.filter(({ wrongAnswers }) => wrongAnswers > 0);
  for (const { name, wrongAnswers, answers, firstWrong } of wrong) {
    process.stderr.write(`${name}: ${wrongAnswers} of ${answers} answers were wrong, the first: ${firstWrong}\n`);
  }
  return wrong.length === 0;
}

/** Tries ways to share the cores, and remembers the best for `serve`. @returns the exit code */
async function tune(
  config: CommandLine["config"],
  model: InstalledModel,
  recordings: RecordingSource,
  { folder, note, signal }: { folder: string; note: (line: string) => void; signal: AbortSignal },
): Promise<number> {
  const backend = await chooseBackend(config, note);
  const server = ({ workers, threadsPerWorker }: CoreShare) =>
    ownServer({ ...config, workers, threads: threadsPerWorker }, model, folder);
  const shares = sharesToTry(backend, usableCores());
  await longSecFor(server(shares[0] as CoreShare), recordings, signal);
  const tried = await tryShares(shares, { server, recordings, rounds: config.rounds, signal, note });
  const best = bestShare(tried);
  const head = `${model.id} (${model.quantization}), ${usableCores()} cores, ${recordings.description}`;
  const parts = [head, tuningTable(tried, best)];
  if (best) {
    const place = tunedShare(tuningPlace(config.home, model), backend);
    const { workers, threadsPerWorker } = best;
    await place.write({ workers, threadsPerWorker });
    const end = place.read() ? `remembered in ${place.path}` : `not remembered: ${place.path} cannot be written`;
    parts.push(`${inWords(best)}: ${end}; serve takes it unless --workers or --threads is given.`);
  }
  const about = { date: new Date().toISOString(), sotto: describeSotto(), machine: describeMachine() };
  const json = { ...about, model: { id: model.id, bytes: model.bytes }, rounds: config.rounds, tried, best };
  if (config.out) await writeFile(config.out, `${JSON.stringify(json, null, 1)}\n`);
  const ways = { json: config.json, hasFile: config.out !== undefined };
  process.stdout.write(standardOutput(parts, JSON.stringify(json), ways));
  return best && tried.every(({ wrongAnswers }) => wrongAnswers === 0) ? 0 : EXIT_FAILED;
}

/** The server as it is started here, but with nothing of the operator's own: no keys, no limits, a home that is empty. */
function ownServer(config: Config, model: InstalledModel, folder: string): Contestant {
  const given = (flag: string, value: string | number | undefined) =>
    value === undefined ? [] : [flag, String(value)];
  const environment = Object.entries(process.env).filter(([name]) => !name.startsWith("SOTTO_"));
  return {
    name: "sotto",
    command: [
      ...[process.execPath, MAIN, "serve", "--host", "127.0.0.1", "--port", "{port}"],
      ...["--home", folder, "--model", model.path, "--log-level", "warn", "--device", config.device],
      ...given("--workers", config.workers),
      ...given("--threads", config.threads),
      ...given("--memory-limit", config.memoryLimit),
      ...["--cpu-variant", config.cpuVariant, "--kernels", config.kernels, "--ffmpeg", config.ffmpeg],
      ...(config.shortWindows ? ["--short-windows"] : []),
    ],
    environment: Object.fromEntries(environment),
    readyPath: "/readyz",
    postPath: "/v1/audio/transcriptions",
    // As the others: English, windows of 30 s from the start, text alone.
    fields: { language: "en", vad_filter: "false", response_format: "text" },
    versions: { sotto: describeSotto().version, weights: model.id },
  };
}

/** A process that is not measured: it also tries the CPU's variants and remembers the best, as a first start does. */
async function longSecFor(own: Contestant, recordings: RecordingSource, signal: AbortSignal): Promise<number> {
  await using engine = await RunningContestant.start(own, signal, () => {});
  const clip = recordings.clip(WINDOW_SEC, 0);
  const startedMs = performance.now();
  await engine.transcribe(clip.wav);
  const windows = Math.floor(LONG_WITHIN_MS / (performance.now() - startedMs));
  return WINDOW_SEC * Math.min(MOST_WINDOWS, Math.max(1, windows));
}

function listOf(value: string | undefined): string[] {
  return (value ?? "").split(",").flatMap((part) => part.trim() || []);
}

function rivalName(name: string): RivalName {
  const known = RIVAL_NAMES.find((other) => other === name);
  if (known) return known;
  const nearest = closestMatch(name, RIVAL_NAMES);
  throw new UsageError(
    `Expected ${RIVAL_NAMES.join(", ")} for --against, but received '${name}'; did you mean ${nearest}?`,
  );
}

function clientCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= MOST_CLIENTS) return count;
  throw new UsageError(`Expected whole numbers from 1 to ${MOST_CLIENTS} for --clients, but received '${text}'.`);
}
