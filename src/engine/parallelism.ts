import { usableCores } from "../core/cores.js";

/** How many windows at once, and threads for each, as the operator asks; undefined: chosen by the machine's cores. */
export interface Parallelism {
  workers: number | undefined;
  threads: number | undefined;
}

/** Threads in all never exceed the cores that the process may use: ggml's threads wait for each other at every step. */
export interface CoreShare {
  workers: number;
  threadsPerWorker: number;
}

/**
 * Workers are for fairness: two of one thread give about the throughput of one of two threads, and the encoder gains
 * from threads. So one worker per four cores. What the operator asks for beyond the cores is cut: workers first keep
 * one thread each.
 */
export function divideCores({ workers, threads }: Parallelism, cores = usableCores()): CoreShare {
  const chosenWorkers = Math.min(workers ?? Math.max(1, Math.floor(cores / Math.max(threads ?? 4, 1))), cores);
  const mostThreads = Math.max(1, Math.floor(cores / chosenWorkers));
  return { workers: chosenWorkers, threadsPerWorker: Math.min(threads ?? mostThreads, mostThreads) };
}
