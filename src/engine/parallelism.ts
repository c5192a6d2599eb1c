import { usableCores } from "../core/cores.js";
import { decodesTogether, type EngineBackend } from "./backend.js";

/** How many windows at once, and how many threads, as the operator asks; undefined: chosen by the machine's cores. */
export interface Parallelism {
  workers: number | undefined;
  threads: number | undefined;
}

/** Threads in all never exceed the cores that the process may use. */
export interface CoreShare {
  /** Windows at once. */
  workers: number;
  /** In all, where the windows of all workers are decoded together; else of each worker. */
  threadsPerWorker: number;
}

/** Windows of a batch: a token of sixteen costs a third of a token alone; beyond that little is gained. */
const FEWEST_IN_BATCH = 8;
const MOST_IN_BATCH = 16;
const BATCH_PER_CORE = 4;
/** An encoder's products are cut into 24 pieces. */
const MOST_BATCH_THREADS = 16;

export function divideCores(
  asked: Parallelism,
  backend: Pick<EngineBackend, "kernels" | "device">,
  cores = usableCores(),
): CoreShare {
  return decodesTogether(backend) ? shareForBatch(asked, cores) : divideForGgml(asked, cores);
}

/** Workers sleep while their windows are decoded in one batch, so that they may be more than the cores. */
function shareForBatch({ workers, threads }: Parallelism, cores: number): CoreShare {
  const batch = Math.min(MOST_IN_BATCH, Math.max(FEWEST_IN_BATCH, BATCH_PER_CORE * cores));
  return { workers: workers ?? batch, threadsPerWorker: Math.min(threads ?? MOST_BATCH_THREADS, cores) };
}

/**
 * ggml's threads wait for each other at every step. Workers are for fairness: two of one thread give about the throughput
 * of one of two threads, and the encoder gains from threads. So one worker per four cores. What the operator asks for
 * beyond the cores is cut: workers first keep one thread each.
 */
function divideForGgml({ workers, threads }: Parallelism, cores: number): CoreShare {
  const chosenWorkers = Math.min(workers ?? Math.max(1, Math.floor(cores / Math.max(threads ?? 4, 1))), cores);
  const mostThreads = Math.max(1, Math.floor(cores / chosenWorkers));
  return { workers: chosenWorkers, threadsPerWorker: Math.min(threads ?? mostThreads, mostThreads) };
}
