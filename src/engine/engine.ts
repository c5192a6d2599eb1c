import { availableParallelism } from "node:os";
import { sottoError } from "../core/errors.js";
import type { WindowResult } from "../core/window.js";
import { EngineExit, EngineProcess } from "./engine-process.js";
import type { EngineSetup, WindowJob } from "./protocol.js";

/** How many windows at once, and threads for each; undefined: chosen by the machine's cores. */
export interface Parallelism {
  workers: number | undefined;
  threads: number | undefined;
}

/**
 * Workers are for fairness: two of one thread give about the throughput of one of two threads, and the encoder gains
 * from threads. So one worker per four cores, and never more threads in all than cores.
 */
export function divideCores({ workers, threads }: Parallelism, cores = availableParallelism()) {
  const chosenWorkers = workers ?? Math.max(1, Math.floor(cores / Math.max(threads ?? 4, 1)));
  return { workers: chosenWorkers, threadsPerWorker: threads ?? Math.max(1, Math.floor(cores / chosenWorkers)) };
}

/** One model's engine: a process that is replaced when it ends, and whose windows outlive it. */
export class Engine {
  readonly slots: number;
  readonly #setup: EngineSetup;
  #process: EngineProcess | undefined;
  #isClosed = false;

  constructor(modelPath: string, parallelism: Parallelism) {
    this.#setup = { modelPath, ...divideCores(parallelism) };
    this.slots = this.#setup.workers;
  }

  /** Whether a process with the model in it is running. */
  get isLoaded(): boolean {
    return this.#process?.isAlive ?? false;
  }

  /**
   * Starts the process unless it runs, and waits until the model is loaded.
   * @throws SottoError `engine_unavailable`
   */
  async start(): Promise<void> {
    return (await this.#running()).ready();
  }

  /**
   * Decodes one window; when the process ends under it, once more in the next one.
   * @throws SottoError `engine_crashed` when the same window was there at two ends, `engine_unavailable` when none starts
   */
  async decode(job: Omit<WindowJob, "jobId">, signal: AbortSignal): Promise<WindowResult> {
    for (let attempt = 1; ; attempt++) {
      const engine = await this.#running();
      await engine.ready();
      signal.throwIfAborted();
      try {
        return await engine.decode(job, signal);
      } catch (error) {
        if (!(error instanceof EngineExit)) throw error;
        if (this.#isClosed) throw sottoError("shutting_down", {});
        if (attempt === 2) throw sottoError("engine_crashed", {}, { cause: error });
      }
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#process?.kill();
  }

  async #running(): Promise<EngineProcess> {
    if (this.#isClosed) throw sottoError("shutting_down", {});
    if (!this.#process?.isAlive) this.#process = new EngineProcess(this.#setup);
    return this.#process;
  }
}
