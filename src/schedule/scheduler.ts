import { setMaxListeners } from "node:events";
import { abortable } from "../core/abortable.js";
import type { Window } from "../core/audio.js";
import { LinkedAbort } from "../core/linked-abort.js";
import type { DecodeParams, WindowResult } from "../core/window.js";
import type { EngineBackend } from "../engine/backend.js";
import { Engine, type EngineState } from "../engine/engine.js";
import { engineBytes, residentCeilingBytes } from "../engine/engine-memory.js";
import { Pace } from "../engine/pace.js";
import type { CoreShare } from "../engine/parallelism.js";
import { Restarts } from "../engine/restarts.js";
import { Admission, type Place } from "./admission.js";
import { InOrder } from "./in-order.js";
import { type EngineModel, ResidentEngines } from "./resident-engines.js";
import { Turns } from "./turns.js";

/** Windows of one request, to be decoded in the same way. */
export interface WindowWork {
  model: EngineModel;
  spoolPath: string;
  windows: readonly Window[];
  params: DecodeParams;
  /** Called as windows finish, in whatever order they do. */
  onProgress?: ((doneCount: number, windowCount: number) => void) | undefined;
  /** Called with the windows in their order, one at a time; no further window begins before it has settled. */
  onWindow?: ((index: number, result: WindowResult) => void | Promise<void>) | undefined;
}

/** What the windows of a request came to. */
export interface Decoded {
  results: WindowResult[];
  /** How long the first window waited for the model and for its turn. */
  queueMs: number;
  /** `cpu`, or a GPU as its backend calls it. */
  backend: string;
  threads: number;
}

export interface SchedulerOptions {
  cores: CoreShare;
  maxQueue: number;
  memoryLimitBytes: number;
  keepAliveMs: number;
  backend: EngineBackend;
  /** Gets a line for the operator. */
  warn?: ((line: string) => void) | undefined;
}

/** Owns waiting: who is let in, whose window is next, and which models' engines are loaded. */
export class Scheduler {
  readonly #slots: number;
  readonly #threads: number;
  readonly #admission: Admission;
  /** Of all engines together, so that two models do not ask for twice the cores. */
  readonly #turns: Turns;
  readonly #engines: ResidentEngines;

  constructor({ cores, maxQueue, memoryLimitBytes, keepAliveMs, backend, warn }: SchedulerOptions) {
    this.#slots = cores.workers;
    this.#threads = cores.threadsPerWorker;
    this.#admission = new Admission(cores.workers, maxQueue);
    this.#turns = new Turns(cores.workers);
    // What was learnt of a model outlives its stays in memory.
    const learnt = new Map<string, { pace: Pace; restarts: Restarts }>();
    const estimateBytes = (model: EngineModel) => engineBytes(model, cores.workers);
    this.#engines = new ResidentEngines({
      createEngine: (model) => {
        const known = learnt.get(model.path) ?? { pace: new Pace(), restarts: new Restarts() };
        learnt.set(model.path, known);
        const setup = { modelPath: model.path, modelStamp: model.stamp, ...cores, backend };
        return new Engine({ setup, residentCeilingBytes: residentCeilingBytes(estimateBytes(model)), ...known, warn });
      },
      estimateBytes,
      limitBytes: memoryLimitBytes,
      keepAliveMs,
    });
  }

  /** @throws SottoError `queue_full` */
  admit(): Place {
    return this.#admission.enter();
  }

  /**
   * Loads the model, if it is not.
   * @throws SottoError `engine_unavailable`
   */
  async load(model: EngineModel): Promise<void> {
    const lease = await this.#engines.lease(model, new AbortController().signal);
    try {
      await lease.engine.start();
    } finally {
      lease.release();
    }
  }

  stateOf(model: EngineModel): EngineState {
    return this.#engines.engineOf(model.path)?.state ?? "idle";
  }

  /**
   * Decodes all windows and gives their results in order. When no language was named, the first window's is taken for
   * the others, which wait for it. The first failure stops the rest.
   */
  async decode(work: WindowWork, signal: AbortSignal): Promise<Decoded> {
    const askedMs = performance.now();
    const lease = await this.#engines.lease(work.model, signal);
    try {
      return await this.#decodeOn(lease.engine, work, { askedMs, signal });
    } finally {
      lease.release();
    }
  }

  async #decodeOn(
    engine: Engine,
    work: WindowWork,
    { askedMs, signal }: { askedMs: number; signal: AbortSignal },
  ): Promise<Decoded> {
    const ticket = this.#turns.ticket();
    using failed = new LinkedAbort(signal);
    const stop = failed.signal;
    // Each window in a slot listens; Node takes more than ten for a leak.
    setMaxListeners(0, stop);
    let doneCount = 0;
    let queueMs: number | undefined;
    const inOrder = new InOrder<WindowResult>((index, result) => work.onWindow?.(index, result));
    const results: WindowResult[] = [];
    const decodeOne = async (index: number, params: DecodeParams) => {
      const window = work.windows[index] as Window;
      const job = { ...params, spoolPath: work.spoolPath, window };
      const result = await this.#turns.run(ticket, stop, () => {
        queueMs ??= performance.now() - askedMs;
        return engine.decode(job, stop);
      });
      results[index] = result;
      work.onProgress?.(++doneCount, work.windows.length);
      // Outside of the slot: a client that reads slowly keeps nobody from it.
      await abortable(inOrder.put(index, result), stop);
      return result;
    };

    let { params } = work;
    let next = 0;
    if (!params.language && work.windows[0]) {
      const first = await decodeOne(0, params);
      params = { ...params, language: first.language };
      next = 1;
    }
    const pull = async () => {
      for (let index = next++; index < work.windows.length; index = next++) {
        await decodeOne(index, params);
      }
    };
    const pulls = Array.from({ length: this.#slots }, () =>
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
    return { results, queueMs: queueMs ?? 0, backend: engine.device, threads: this.#threads };
  }

  async close(): Promise<void> {
    await this.#engines.close();
  }
}
