import { setMaxListeners } from "node:events";
import { abortable } from "../core/abortable.js";
import { endOf, type SpoolPlace, samplesToMs, type Window, windowSampleCount } from "../core/audio.js";
import { usableCores } from "../core/cores.js";
import { LinkedAbort } from "../core/linked-abort.js";
import type { DecodeParams, LanguageGuess, WindowResult } from "../core/window.js";
import type { EngineBackend } from "../engine/backend.js";
import { Engine, type EngineState } from "../engine/engine.js";
import { engineBytes, residentCeilingBytes } from "../engine/engine-memory.js";
import type { EngineExit } from "../engine/engine-process.js";
import { LoadTime } from "../engine/load-time.js";
import { Pace } from "../engine/pace.js";
import type { CoreShare } from "../engine/parallelism.js";
import { Restarts } from "../engine/restarts.js";
import { TimeMap } from "../stitch/time-map.js";
import { Admission, type Arrival, type Bounds, type Place, type Refusal, UNBOUNDED } from "./admission.js";
import { InOrder } from "./in-order.js";
import { type EngineModel, ResidentEngines } from "./resident-engines.js";
import { settleLanguage } from "./settle-language.js";
import { Speed } from "./speed.js";
import type { Ticket } from "./ticket.js";
import { Turns } from "./turns.js";

/** Windows of one request, to be decoded in the same way. */
export interface WindowWork {
  model: EngineModel;
  /** In whose name the windows wait for their turns. */
  ticket: Ticket;
  /** Asked for its place once there is a window. */
  spool: SpoolPlace;
  /** Taken as slots become free; they may still be in the making. */
  windows: AsyncIterator<Window>;
  params: DecodeParams;
  /** Somebody reads along: no other window of the recording shares the engine with the first. */
  isReadAlong: boolean;
  /** Called as windows finish, in whatever order they do. */
  onProgress?: ((window: Window) => void) | undefined;
  /** Called with the windows in their order, one at a time; no further window begins before it has settled. */
  onWindow?: ((decoded: DecodedWindow) => void | Promise<void>) | undefined;
}

export interface DecodedWindow {
  window: Window;
  result: WindowResult;
}

/** What the windows of a request came to. */
export interface Decoded {
  windows: DecodedWindow[];
  /** What was heard; undefined: the client named it, or there was nothing to hear. */
  language: LanguageGuess | undefined;
  /** How long the first window waited for the model and for its turn. */
  queueMs: number;
  /** `cpu`, or a GPU as its backend calls it. */
  backend: string;
  threads: number;
  shortWindows: boolean;
}

export interface SchedulerOptions {
  cores: CoreShare;
  /** Default: none. */
  bounds?: Bounds | undefined;
  memoryLimitBytes: number;
  /** Beside the engines, at the moment (`resident-engines.ts`). */
  takenBytes?: (() => number) | undefined;
  keepAliveMs: number;
  backend: EngineBackend;
  /** Gets a line for the operator. */
  warn?: ((line: string) => void) | undefined;
  /** Called when an engine process ended without being asked to. */
  onEngineEnd?: ((exit: EngineExit) => void) | undefined;
}

/** Owns waiting: who is let in, whose window is next, and which models' engines are loaded. */
export class Scheduler {
  readonly #slots: number;
  readonly #threads: number;
  readonly #shortWindows: boolean;
  /** What engines start on. */
  readonly #device: string;
  readonly #admission: Admission;
  /** Of all engines together, so that two models do not ask for twice the cores. */
  readonly #turns: Turns;
  readonly #engines: ResidentEngines;
  /** What was learnt of a model outlives its stays in memory. */
  readonly #learnt = new Map<string, { pace: Pace; restarts: Restarts; loadTime: LoadTime; speed: Speed }>();
  readonly #keepsLoaded: boolean;

  constructor(options: SchedulerOptions) {
    const {
      cores,
      bounds = UNBOUNDED,
      memoryLimitBytes,
      takenBytes,
      keepAliveMs,
      backend,
      warn,
      onEngineEnd,
    } = options;
    this.#slots = cores.workers;
    this.#threads = cores.threadsPerWorker;
    this.#shortWindows = backend.shortWindows === true;
    this.#device = backend.device ?? "cpu";
    this.#keepsLoaded = keepAliveMs > 0;
    this.#turns = new Turns(cores.workers);
    this.#admission = new Admission({ slots: cores.workers, lanes: usableCores(), bounds, turns: this.#turns });
    const estimateBytes = (model: EngineModel) => engineBytes(model, cores.workers, backend);
    this.#engines = new ResidentEngines({
      createEngine: (model) => {
        const { pace, restarts, loadTime } = this.#learntOf(model);
        const setup = { modelPath: model.path, modelStamp: model.stamp, ...cores, backend };
        const ceilingBytes = residentCeilingBytes(estimateBytes(model));
        const learnt = { pace, restarts, loadTime };
        return new Engine({ setup, residentCeilingBytes: ceilingBytes, ...learnt, warn, onEnd: onEngineEnd });
      },
      estimateBytes,
      limitBytes: memoryLimitBytes,
      takenBytes,
      keepAliveMs,
    });
  }

  admit(arrival: Arrival): Place | Refusal {
    return this.#admission.enter(arrival);
  }

  /** For work that nobody had to be let in for. */
  ticket(): Ticket {
    return this.#admission.ticket("");
  }

  /** The least time that what is left of a request takes: had it all slots from now on. */
  leastLeftMs(ticket: Ticket): number {
    return ticket.leftMs / this.#slots;
  }

  /** How fast windows of a model are decoded here. */
  speedOf(model: EngineModel): Speed {
    return this.#learntOf(model).speed;
  }

  /** Time until windows of a model can be decoded, in milliseconds; 0: it is loaded. */
  untilLoadedMs(model: EngineModel): number {
    return this.stateOf(model) === "ready" ? 0 : this.#learntOf(model).loadTime.leftMs;
  }

  /** Loads a model for those to come, if it is not and would stay. What goes wrong they will hear of. */
  loadAhead(model: EngineModel): void {
    if (this.#keepsLoaded && this.stateOf(model) !== "ready") void this.load(model).catch(() => {});
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

  /** Who is inside, which windows run and wait, which models are loaded. */
  get moment() {
    const { inside, waiting } = this.#admission;
    return { inside, waiting, windows: this.#turns.windows, engines: this.#engines.list() };
  }

  stateOf(model: EngineModel): EngineState {
    return this.#engines.engineOf(model.path)?.state ?? "idle";
  }

  /**
   * Decodes all windows and gives their results in order. When no language was named, the first windows settle it, and
   * the others wait for them. The first failure stops the rest. Without any window the model is not asked for.
   */
  async decode(work: WindowWork, signal: AbortSignal): Promise<Decoded> {
    const first = await abortable(work.windows.next(), signal);
    if (first.done) return { windows: [], language: undefined, queueMs: 0, backend: this.#device, ...this.#how };
    const askedMs = performance.now();
    work.ticket.speed = this.speedOf(work.model);
    const lease = await this.#engines.lease(work.model, signal);
    try {
      // Before its turn: a slot in which a model is loaded is one that others wait for.
      await abortable(lease.engine.start(), signal);
      return await this.#decodeOn(lease.engine, { ...work, first: first.value }, { askedMs, signal });
    } finally {
      lease.release();
    }
  }

  async #decodeOn(
    engine: Engine,
    work: WindowWork & { first: Window },
    { askedMs, signal }: { askedMs: number; signal: AbortSignal },
  ): Promise<Decoded> {
    const { ticket } = work;
    using failed = new LinkedAbort(signal);
    const stop = failed.signal;
    // Each window in a slot listens; Node takes more than ten for a leak.
    setMaxListeners(0, stop);
    let queueMs: number | undefined;
    const inOrder = new InOrder<DecodedWindow>((_, decoded) => work.onWindow?.(decoded));
    const windows: DecodedWindow[] = [];
    const decode = async (window: Window, params: DecodeParams): Promise<DecodedWindow> => {
      const { speechSpans, partingsMs: jointsMs } = new TimeMap(window);
      const { path, firstByte } = work.spool;
      const job = { ...params, place: { path, firstByte }, window, ...(speechSpans ? { speechSpans } : {}), jointsMs };
      const task = () => {
        queueMs ??= performance.now() - askedMs;
        return engine.decode(job, stop);
      };
      const audioMs = samplesToMs(windowSampleCount(window));
      const result = await this.#turns.run(ticket, stop, { audioMs, endMs: endMsOf(window), task });
      return { window, result };
    };
    const keep = async (index: number, decoded: DecodedWindow) => {
      windows[index] = decoded;
      work.onProgress?.(decoded.window);
      // Outside of the slot: a client that reads slowly keeps nobody from it.
      await abortable(inOrder.put(index, decoded), stop);
    };
    const nextWindow = async () => {
      const taken = await abortable(work.windows.next(), stop);
      if (taken.done) {
        ticket.audio.take(ticket.audio.totalMs);
        return undefined;
      }
      ticket.audio.grew(endMsOf(taken.value));
      return taken.value;
    };

    let { params } = work;
    let next = 0;
    let first: Window | undefined = work.first;
    let language: LanguageGuess | undefined;
    if (!params.language) {
      first = undefined;
      const settled = await settleLanguage(work.first, nextWindow, (window) => decode(window, params));
      language = settled.guess;
      params = { ...params, language: language?.language };
      for (const { window, result } of settled.heard) {
        const isHeardSo = result.language === params.language;
        await keep(next++, isHeardSo ? { window, result } : await decode(window, params));
      }
    } else if (work.isReadAlong) {
      first = undefined;
      await keep(next++, await decode(work.first, params));
    }
    const pull = async () => {
      for (;;) {
        // Items come in the order in which they were asked for.
        const index = next++;
        const window = first ?? (await nextWindow());
        first = undefined;
        if (!window) return;
        await keep(index, await decode(window, params));
      }
    };
    const failWith = (error: unknown) => {
      failed.abort(error);
      throw error;
    };
    // All must have left their slots before the audio beneath them may be removed.
    const outcomes = await Promise.allSettled(Array.from({ length: this.#slots }, () => pull().catch(failWith)));
    signal.throwIfAborted();
    const failure = outcomes.find((outcome) => outcome.status === "rejected");
    if (failure) throw failed.signal.reason;
    return { windows, language, queueMs: queueMs ?? 0, backend: engine.device, ...this.#how };
  }

  async close(): Promise<void> {
    await this.#engines.close();
  }

  /** How windows are decoded, on whatever device. */
  get #how(): Pick<Decoded, "threads" | "shortWindows"> {
    return { threads: this.#threads, shortWindows: this.#shortWindows };
  }

  #learntOf(model: EngineModel) {
    const fresh = () => ({
      pace: new Pace(),
      restarts: new Restarts(),
      loadTime: new LoadTime(model),
      speed: Speed.ofModel(model, this.#threads),
    });
    const learnt = this.#learnt.get(model.path) ?? fresh();
    this.#learnt.set(model.path, learnt);
    return learnt;
  }
}

/** Where a window ends in its recording, in milliseconds. */
export function endMsOf({ stretches }: Window): number {
  return samplesToMs(stretches.reduce((end, stretch) => Math.max(end, endOf(stretch)), 0));
}
