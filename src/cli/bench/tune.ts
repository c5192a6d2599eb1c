import { decodesTogether, type EngineBackend } from "../../engine/backend.js";
import type { CoreShare } from "../../engine/parallelism.js";
import { alignColumns } from "../columns.js";
import { readableBytes } from "../doctor/finding.js";
import type { Contestant } from "./contestant.js";
import { median, quantile } from "./figures.js";
import { LOAD_CLIP_SEC, measureRound, type Round } from "./measure.js";
import type { RecordingSource } from "./recordings.js";

/** Windows at once that are tried where they are decoded together; the last on many cores, and on a GPU, alone. */
const BATCHES = [4, 8, 16];
const LARGE_BATCH = 32;
const MANY_CORES = 8;
/** Windows at once that are tried where ggml computes each alone. */
const WORKERS = [1, 2, 4, 8, 16];
/** An encoder's products are cut into so many pieces: more threads would have nothing to do. */
const MOST_THREADS = 24;

/** Less than this is noise: of throughput, and of what a client waits for alone. */
const SAME_THROUGHPUT = 0.97;
const SAME_LATENCY = 1.05;

/** A way to share the cores, with what was measured of it: medians over the rounds. */
export interface TriedShare extends CoreShare {
  audioSecPerSec: number;
  p95Ms: number;
  /** One clip of 11 s, alone. */
  clipMs: number;
  peakBytes: number;
  wrongAnswers: number;
  answers: number;
}

export interface Tuning {
  /** How to start a server that shares the cores so. */
  server(share: CoreShare): Contestant;
  recordings: RecordingSource;
  rounds: number;
  signal: AbortSignal;
  note(line: string): void;
}

/** What is worth trying: fewer windows wait less for each other, more are cheaper together; half of the threads, for cores that are halves. */
export function sharesToTry(backend: Pick<EngineBackend, "kernels" | "device">, cores: number): CoreShare[] {
  if (!decodesTogether(backend)) {
    const workers = WORKERS.filter((count) => count <= cores);
    return workers.map((count) => ({ workers: count, threadsPerWorker: Math.floor(cores / count) }));
  }
  const most = Math.min(cores, MOST_THREADS);
  const isGpu = backend.device !== undefined;
  const threads = most === 1 || isGpu ? [most] : [most, Math.ceil(most / 2)];
  const batches = cores < MANY_CORES && !isGpu ? BATCHES : [...BATCHES, LARGE_BATCH];
  return threads.flatMap((threadsPerWorker) => batches.map((workers) => ({ workers, threadsPerWorker })));
}

/** Measures each way under as many clients as the largest batch has windows, round after round in turn. */
export async function tryShares(shares: readonly CoreShare[], tuning: Tuning): Promise<TriedShare[]> {
  const clients = Math.max(...shares.map(({ workers }) => workers));
  const plan = { longSec: 0, repeats: 1, clients: [clients] };
  const rounds: Round[][] = shares.map(() => []);
  for (let round = 0; round < tuning.rounds; round++) {
    for (const [index, share] of shares.entries()) {
      tuning.note(`round ${round + 1} of ${tuning.rounds}: ${inWords(share)}`);
      rounds[index]?.push(await measureRound(tuning.server(share), tuning.recordings, plan, tuning.signal));
    }
  }
  return shares.map((share, index) => figuresOf(share, rounds[index] ?? []));
}

function figuresOf(share: CoreShare, rounds: readonly Round[]): TriedShare {
  const loads = rounds.flatMap(({ loads }) => loads);
  return {
    ...share,
    audioSecPerSec: median(loads.map(({ audioSec, wallMs }) => (1000 * audioSec) / wallMs)),
    p95Ms: median(loads.map(({ answersMs }) => quantile(answersMs, 0.95))),
    clipMs: median(rounds.flatMap(({ clipsMs }) => clipsMs[LOAD_CLIP_SEC] ?? [])),
    peakBytes: median(rounds.map(({ peakBytes }) => peakBytes)),
    wrongAnswers: rounds.reduce((sum, { wrong }) => sum + wrong, 0),
    answers: rounds.reduce((sum, { answers }) => sum + answers, 0),
  };
}

/** Of those with the most throughput, noise aside, those that keep a client waiting least; of these the one with the fewest windows. */
export function bestShare(tried: readonly TriedShare[]): TriedShare | undefined {
  const right = tried.filter(({ wrongAnswers }) => wrongAnswers === 0);
  const most = Math.max(...right.map(({ audioSecPerSec }) => audioSecPerSec));
  const fast = right.filter(({ audioSecPerSec }) => audioSecPerSec >= SAME_THROUGHPUT * most);
  const least = Math.min(...fast.map(({ clipMs }) => clipMs));
  const prompt = fast.filter(({ clipMs }) => clipMs <= SAME_LATENCY * least);
  return prompt.reduce<TriedShare | undefined>(
    (best, one) => (best === undefined || one.workers < best.workers ? one : best),
    undefined,
  );
}

export function inWords({ workers, threadsPerWorker }: CoreShare): string {
  return `${workers} windows at once, threads: ${threadsPerWorker}`;
}

/** A row for each way; the best is marked. */
export function tuningTable(tried: readonly TriedShare[], best: TriedShare | undefined): string {
  const head = [
    "windows at once",
    "threads",
    "audio s in a s",
    "p95",
    `${LOAD_CLIP_SEC} s clip alone`,
    "memory, peak",
    "",
  ];
  const rows = tried.map((one) => [
    String(one.workers),
    String(one.threadsPerWorker),
    one.audioSecPerSec.toFixed(1),
    `${Math.round(one.p95Ms)} ms`,
    `${Math.round(one.clipMs)} ms`,
    one.peakBytes > 0 ? readableBytes(one.peakBytes) : "–",
    one === best ? "best" : one.wrongAnswers > 0 ? `${one.wrongAnswers} of ${one.answers} wrong` : "",
  ]);
  return alignColumns([head, ...rows]);
}
