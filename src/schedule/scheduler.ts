import { setMaxListeners } from "node:events";
import type { Window } from "../core/audio.js";
import type { DecodeParams, WindowResult } from "../core/window.js";
import { divideCores, Engine, type Parallelism } from "../engine/engine.js";
import { Admission, type Place } from "./admission.js";
import { Turns } from "./turns.js";

/** Windows of one request, to be decoded in the same way. */
export interface WindowWork {
  modelPath: string;
  spoolPath: string;
  windows: readonly Window[];
  params: DecodeParams;
  /** Called as windows finish, in whatever order they do. */
  onProgress?: ((doneCount: number, windowCount: number) => void) | undefined;
}

interface ScheduledEngine {
  engine: Engine;
  turns: Turns;
}

/** Owns waiting: who is let in, whose window is next, and on which model's engine it runs. */
export class Scheduler {
  readonly #parallelism: Parallelism;
  readonly #admission: Admission;
  readonly #engines = new Map<string, ScheduledEngine>();

  constructor(parallelism: Parallelism, maxQueue: number) {
    this.#parallelism = parallelism;
    this.#admission = new Admission(divideCores(parallelism).workers, maxQueue);
  }

  /** @throws SottoError `queue_full` */
  admit(): Place {
    return this.#admission.enter();
  }

  /**
   * Starts the model's engine, if it is not running.
   * @throws SottoError `engine_unavailable`
   */
  load(modelPath: string): Promise<void> {
    return this.#engineOf(modelPath).engine.start();
  }

  isLoaded(modelPath: string): boolean {
    return this.#engines.get(modelPath)?.engine.isLoaded ?? false;
  }

  /**
   * Decodes all windows and gives their results in order. When no language was named, the first window's is taken for
   * the others, which wait for it. The first failure stops the rest.
   */
  async decode(work: WindowWork, signal: AbortSignal): Promise<WindowResult[]> {
    const { engine, turns } = this.#engineOf(work.modelPath);
    const ticket = turns.ticket();
    const failed = new AbortController();
    const stop = AbortSignal.any([signal, failed.signal]);
    // Each window in a slot listens; Node takes more than ten for a leak.
    setMaxListeners(0, stop);
    let doneCount = 0;
    const decodeOne = async (window: Window, params: DecodeParams) => {
      const job = { ...params, spoolPath: work.spoolPath, window };
      const result = await turns.run(ticket, stop, () => engine.decode(job, stop));
      work.onProgress?.(++doneCount, work.windows.length);
      return result;
    };

    const results: WindowResult[] = [];
    let { params } = work;
    let next = 0;
    if (!params.language && work.windows[0]) {
      const first = await decodeOne(work.windows[0], params);
      results[0] = first;
      params = { ...params, language: first.language };
      next = 1;
    }
    const pull = async () => {
      for (let index = next++; index < work.windows.length; index = next++) {
        results[index] = await decodeOne(work.windows[index] as Window, params);
      }
    };
    const pulls = Array.from({ length: engine.slots }, () =>
      pull().catch((error: unknown) => {
        failed.abort(error);
        throw error;
      }),
    );
    // All must have left their slots before the audio beneath them may be removed.
    const outcomes = await Promise.allSettled(pulls);
    signal.throwIfAborted();
    const failure = outcomes.find((outcome) => outcome.status === "rejected");
    if (failure) throw failed.signal.reason;
    return results;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#engines.values()].map(({ engine }) => engine.close()));
  }

  #engineOf(modelPath: string): ScheduledEngine {
    let scheduled = this.#engines.get(modelPath);
    if (!scheduled) {
      const engine = new Engine(modelPath, this.#parallelism);
      scheduled = { engine, turns: new Turns(engine.slots) };
      this.#engines.set(modelPath, scheduled);
    }
    return scheduled;
  }
}
