import { setTimeout as sleep } from "node:timers/promises";
import { abortable } from "../core/abortable.js";
import { type SottoError, sottoError } from "../core/errors.js";
import type { WindowResult } from "../core/window.js";
import { withoutGpu } from "./backend.js";
import { EngineExit, EngineProcess, LoadFailure } from "./engine-process.js";
import type { LoadTime } from "./load-time.js";
import { Pace } from "./pace.js";
import type { EngineSetup, WindowJob } from "./protocol.js";
import { Quarantine } from "./quarantine.js";
import { Restarts, STARTS_IN_A_ROW } from "./restarts.js";

/** Ends of the engine that a window survives: its own doing, and in all (somebody may be killing engines at random). */
const OWN_ENDS_MAX = 2;
const TRIES_MAX = 10;
/** Beyond its ceiling an engine is replaced between two windows; this many times beyond it, at once. */
const RUNAWAY_FACTOR = 2;

/**
 * `idle`: not loaded, a window would load it. `loading`: a process is being started. `ready`: the model is loaded.
 * `failing`: the last start failed.
 */
export type EngineState = "idle" | "loading" | "ready" | "failing";

export interface EngineOptions {
  setup: EngineSetup;
  /** Resident memory at which the process is replaced: native code leaks. */
  residentCeilingBytes: number;
  pace?: Pace;
  restarts?: Restarts;
  /** Told of each load. */
  loadTime?: LoadTime | undefined;
  /** Gets one line when the GPU is given up for the CPU. */
  warn?: ((line: string) => void) | undefined;
  /** Called when the process ended without being asked to. */
  onEnd?: ((exit: EngineExit) => void) | undefined;
}

/** One model's engine: a process that is watched and replaced when it ends, and whose windows outlive it. */
export class Engine {
  #setup: EngineSetup;
  readonly #ceilingBytes: number;
  readonly #pace: Pace;
  readonly #restarts: Restarts;
  readonly #loadTime: LoadTime | undefined;
  readonly #warn: (line: string) => void;
  readonly #onEnd: (exit: EngineExit) => void;
  readonly #quarantine = new Quarantine();
  #process: EngineProcess | undefined;
  #starting: Promise<EngineProcess> | undefined;
  /** Counts stops: a start that was under way when it was stopped must not go on. */
  #generation = 0;
  #isReady = false;
  #isRecycling = false;
  #failure: string | undefined;
  #residentBytes = 0;

  constructor({
    setup,
    residentCeilingBytes,
    pace = new Pace(),
    restarts = new Restarts(),
    loadTime,
    warn,
    onEnd,
  }: EngineOptions) {
    this.#setup = setup;
    this.#ceilingBytes = residentCeilingBytes;
    this.#pace = pace;
    this.#restarts = restarts;
    this.#loadTime = loadTime;
    this.#warn = warn ?? (() => {});
    this.#onEnd = onEnd ?? (() => {});
  }

  get state(): EngineState {
    if (this.#isReady) return "ready";
    if (this.#failure !== undefined) return "failing";
    return this.#starting ? "loading" : "idle";
  }

  /** Why the last start failed. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** As the process last said; 0 when there is none. */
  get residentBytes(): number {
    return this.#residentBytes;
  }

  /**
   * Starts the process unless it runs, and waits until the model is loaded.
   * @throws SottoError `engine_unavailable`
   */
  async start(): Promise<void> {
    await this.#running();
  }

  /**
   * Decodes one window. When the process ends under it, once more in the next one, alone there.
   * @throws SottoError `engine_crashed` when the window took two processes down, `engine_unavailable` when none starts
   */
  async decode(job: Omit<WindowJob, "jobId">, signal: AbortSignal): Promise<WindowResult> {
    const attempt = async () => {
      const engine = await abortable(this.#running(), signal);
      const result = await engine.decode(job, signal);
      this.#restarts.served();
      return result;
    };
    let ownEnds = 0;
    for (let tries = 1; ; tries++) {
      try {
        return await (tries === 1 ? this.#quarantine.share(attempt) : this.#quarantine.alone(attempt));
      } catch (error) {
        if (!(error instanceof EngineExit)) throw error;
        if (error.fromWithin) ownEnds++;
        if (ownEnds === OWN_ENDS_MAX || tries === TRIES_MAX) throw sottoError("engine_crashed", {}, { cause: error });
      }
    }
  }

  /** What it computes with now: `cpu`, or the name of a GPU. */
  get device(): string {
    return this.#setup.backend.device ?? "cpu";
  }

  /** Ends the process and gives its memory back; windows in it fail. A later window starts another. */
  async stop(): Promise<void> {
    this.#generation++;
    const engine = this.#process;
    this.#forget();
    this.#failure = undefined;
    await engine?.kill();
  }

  #forget(): void {
    this.#process = undefined;
    this.#starting = undefined;
    this.#isReady = false;
    this.#residentBytes = 0;
  }

  #running(): Promise<EngineProcess> {
    if (this.#isReady && this.#process?.isAlive) return Promise.resolve(this.#process);
    if (!this.#starting) {
      const generation = this.#generation;
      const starting = this.#startUp(generation).finally(() => {
        if (this.#starting === starting) this.#starting = undefined;
      });
      this.#starting = starting;
      // Whoever awaits it hears of it; a start that nobody waits for may fail too.
      starting.catch(() => {});
    }
    return this.#starting;
  }

  async #startUp(generation: number): Promise<EngineProcess> {
    // A start that failed for good is not tried again by every request that comes.
    if (this.#failure !== undefined && this.#restarts.delayMs > 0) throw this.#unavailable(this.#failure);
    for (let starts = 1; ; starts++) {
      await sleep(this.#restarts.delayMs);
      if (generation !== this.#generation) throw sottoError("shutting_down", {});
      const engine = this.#spawn();
      this.#loadTime?.began();
      try {
        await engine.ready();
        this.#loadTime?.ended(true);
        this.#isReady = true;
        this.#failure = undefined;
        return engine;
      } catch (error) {
        this.#loadTime?.ended(false);
        if (generation !== this.#generation) throw sottoError("shutting_down", {});
        if (error instanceof LoadFailure) await engine.ended;
        else if (starts < STARTS_IN_A_ROW) continue;
        const reason = error instanceof LoadFailure ? error.message : "it ended each time while it loaded the model";
        if (this.#setup.backend.device === undefined) throw this.#fail(reason);
        // Too little memory there, most often. The CPU can always do it.
        this.#warn(`the CPU is used for this model, since ${this.#setup.backend.device} failed: ${reason}`);
        this.#setup = { ...this.#setup, backend: withoutGpu(this.#setup.backend) };
        this.#restarts.served();
        starts = 0;
      }
    }
  }

  #spawn(): EngineProcess {
    const engine = new EngineProcess(this.#setup, {
      pace: this.#pace,
      onPulse: (residentBytes) => this.#weigh(engine, residentBytes),
    });
    this.#process = engine;
    void engine.ended.then((exit) => {
      if (exit.windows === 0) this.#restarts.endedInVain();
      if (this.#process !== engine) return;
      exit.modelPath = this.#setup.modelPath;
      this.#onEnd(exit);
      const wasReady = this.#isReady;
      this.#isReady = false;
      this.#residentBytes = 0;
      // The next window should not have to wait for it.
      if (wasReady) void this.#running().catch(() => {});
    });
    return engine;
  }

  #fail(reason: string): SottoError {
    this.#failure = reason;
    return this.#unavailable(reason);
  }

  #unavailable(reason: string): SottoError {
    const retryAfterSec = Math.max(1, Math.ceil(this.#restarts.delayMs / 1000));
    return sottoError("engine_unavailable", { reason }, { retryAfterSec });
  }

  #weigh(engine: EngineProcess, residentBytes: number): void {
    if (this.#process !== engine) return;
    this.#residentBytes = residentBytes;
    if (residentBytes > RUNAWAY_FACTOR * this.#ceilingBytes) {
      void engine.kill(new EngineExit("took far more memory than its model needs and was ended", true));
    } else if (residentBytes > this.#ceilingBytes && !this.#isRecycling) {
      this.#isRecycling = true;
      void this.#quarantine
        .alone(async () => {
          if (this.#process === engine) await engine.kill();
        })
        .finally(() => {
          this.#isRecycling = false;
        });
    }
  }
}
