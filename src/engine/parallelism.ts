import { usableCores } from "../core/cores.js";
import { lastLevelCacheBytes } from "../core/cpu-cache.js";
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

/** What the windows of a batch are to fit into. */
export interface BatchRoom {
  /** What each token of a window reads of its caches (`catalog/kernel-memory.ts`); undefined: not known. */
  audioBytes?: number | undefined;
  cores?: number;
  /** Of the CPU's last level; undefined: not known. */
  cacheBytes?: number | undefined;
}

/**
 * Windows of a batch share the weights that a step reads, and each adds caches of its own: as many as the processor's cache holds,
 * within these bounds. On two cores with 32 MiB, tiny and base do as much with four windows as with eight and keep a
 * client waiting less, and less with sixteen (docs/performance.md).
 */
const FEWEST_IN_BATCH = 4;
const FEWEST_PER_CORE = 2;
const ENOUGH_IN_BATCH = 8;
const MOST_PER_CORE = 4;
const MOST_IN_BATCH = 16;
/** An encoder's products are cut into 24 pieces. */
const MOST_BATCH_THREADS = 16;

export function divideCores(
  asked: Parallelism,
  backend: Pick<EngineBackend, "kernels" | "device">,
  { audioBytes, cores = usableCores(), cacheBytes = lastLevelCacheBytes() }: BatchRoom = {},
): CoreShare {
  if (!decodesTogether(backend)) return divideForGgml(asked, cores);
  const hasOwnCache = backend.device !== undefined;
  const held = hasOwnCache || !audioBytes || !cacheBytes ? MOST_IN_BATCH : Math.floor(cacheBytes / audioBytes);
  return shareForBatch(asked, cores, held);
}

/**
 * Workers sleep while their windows are decoded in one batch, so that they may be more than the cores.
 * @param held windows whose caches the processor's cache holds
 */
function shareForBatch({ workers, threads }: Parallelism, cores: number, held: number): CoreShare {
  const fewest = Math.max(FEWEST_IN_BATCH, FEWEST_PER_CORE * cores);
  const most = Math.max(ENOUGH_IN_BATCH, MOST_PER_CORE * cores);
  const batch = Math.min(MOST_IN_BATCH, most, Math.max(fewest, held));
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
