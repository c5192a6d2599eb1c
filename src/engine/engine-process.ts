import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { sottoError } from "../core/errors.js";
import type { WindowResult } from "../core/window.js";
import type { Pace } from "./pace.js";
import type { EngineSetup, FromEngine, ToEngine, WindowJob } from "./protocol.js";
import { PULSE_MS, Watch } from "./watch.js";

/**
 * Turns of a waiting OpenMP thread before it sleeps. libgomp's own choice is to spin for good when threads are no more
 * than cores. Where another process wants the cores too, every barrier then lasts a time slice: a window of tiny took
 * 9.5 s with 20,000 turns, 3.2 s with 5,000, 1.4 s with 1,000 and 0.9 s with none. On quiet cores it is the other way
 * round: 0.50, 0.54, 0.54 and 0.89 s (AMD Zen 5, two cores, two threads).
 */
const SPIN_COUNT = "1000";

/** Signals that come from outside: an operator, the system short of memory, or ourselves when the process fell silent. */
const SIGNALS_FROM_OUTSIDE = new Set<string | null>(["SIGKILL", "SIGTERM", "SIGINT", "SIGHUP"]);

/** The engine process ended while it held a window. Not a client's error: the window is tried again. */
export class EngineExit extends Error {
  override readonly name = "EngineExit";
  /** Whether native code ended it, which one of its windows must have made it do. */
  readonly fromWithin: boolean;
  /** How many windows were in it. */
  windows = 0;
  /** Whose engine it was. */
  modelPath = "";

  constructor(how: string, fromWithin: boolean) {
    super(`the engine process ${how}`);
    this.fromWithin = fromWithin;
  }
}

/** The model did not load; the same file on the same machine will not load a moment later either. */
export class LoadFailure extends Error {
  override readonly name = "LoadFailure";
}

interface Pending {
  sentMs: number;
  resolve: (result: WindowResult) => void;
  reject: (reason: unknown) => void;
}

export interface EngineProcessHooks {
  /** What windows take, learnt here and used for the hang budget. */
  pace: Pace;
  /** Resident memory, every second. */
  onPulse?: (residentBytes: number) => void;
}

/** The server's side of one engine process, from its start to its end. */
export class EngineProcess {
  /** Resolves with the reason when the process has ended. */
  readonly ended: Promise<EngineExit>;
  readonly #child: ChildProcess;
  readonly #pace: Pace;
  readonly #watch: Watch;
  readonly #look: NodeJS.Timeout;
  readonly #pending = new Map<number, Pending>();
  readonly #ready: Promise<void>;
  #nextJobId = 1;
  #exit: EngineExit | undefined;
  /** Why it was ended by us; undefined: it was not. */
  #killed: EngineExit | undefined;

  constructor(setup: EngineSetup, { pace, onPulse }: EngineProcessHooks) {
    this.#pace = pace;
    this.#watch = new Watch(pace);
    this.#look = setInterval(() => this.#endIfHung(), PULSE_MS);
    const program = fileURLToPath(new URL("./host.js", import.meta.url));
    this.#child = fork(program, [JSON.stringify(setup)], {
      // Standard output is the server's own: `listening on` must stand alone there.
      stdio: ["ignore", "ignore", "inherit", "ipc"],
      env: { GOMP_SPINCOUNT: SPIN_COUNT, GGML_NO_BACKTRACE: "1", ...process.env },
    });
    this.ended = new Promise((resolve) => {
      const end = (exit: EngineExit) => {
        this.#end(exit);
        resolve(exit);
      };
      this.#child.once("exit", (code, signal) => {
        const fromWithin = !SIGNALS_FROM_OUTSIDE.has(signal);
        end(this.#killed ?? new EngineExit(`ended (${signal ?? `exit code ${code}`})`, fromWithin));
      });
      this.#child.once("error", (error) => {
        if (this.#child.pid === undefined) end(new EngineExit(`did not start (${error.message})`, false));
      });
    });
    this.#ready = new Promise((resolve, reject) => {
      this.#child.on("message", (message: FromEngine) => {
        switch (message.type) {
          case "ready":
            this.#watch.heard([]);
            return resolve();
          case "load_failed":
            return reject(new LoadFailure(message.reason));
          case "pulse":
            this.#watch.heard(message.steps);
            return onPulse?.(message.residentBytes);
          default:
            this.#settle(message);
        }
      });
      void this.ended.then(reject);
    });
    // Whoever awaits it hears of it; nobody has to.
    this.#ready.catch(() => {});
  }

  get isAlive(): boolean {
    return this.#exit === undefined;
  }

  /** @throws LoadFailure, or EngineExit when the process ended before the model was loaded */
  ready(): Promise<void> {
    return this.#ready;
  }

  /**
   * Decodes one window. When `signal` aborts, the native call stops and the promise rejects with the signal's reason
   * only once it has: the slot is free again then.
   *
   * @throws EngineExit when the process ended with the window in it
   * @throws SottoError `internal_error` when the native call failed
   */
  decode(job: Omit<WindowJob, "jobId">, signal: AbortSignal): Promise<WindowResult> {
    if (this.#exit) return Promise.reject(this.#exit);
    const jobId = this.#nextJobId++;
    return new Promise((resolve, reject) => {
      const cancel = () => this.#send({ type: "cancel", jobId });
      const settled = () => {
        signal.removeEventListener("abort", cancel);
        this.#pending.delete(jobId);
        this.#watch.end(jobId);
      };
      this.#pending.set(jobId, {
        sentMs: performance.now(),
        resolve: (result) => {
          settled();
          resolve(result);
        },
        reject: (reason) => {
          settled();
          reject(signal.aborted ? signal.reason : reason);
        },
      });
      this.#watch.begin(jobId);
      this.#send({ type: "decode", job: { ...job, jobId } });
      if (signal.aborted) cancel();
      else signal.addEventListener("abort", cancel, { once: true });
    });
  }

  /** Ends the process at once; windows it holds fail with `reason`. */
  kill(reason = new EngineExit("was ended by the server", false)): Promise<EngineExit> {
    this.#killed ??= reason;
    // Nothing else ends a process that is stopped.
    this.#child.kill("SIGKILL");
    return this.ended;
  }

  #endIfHung(): void {
    const fault = this.#watch.fault();
    if (fault === "silent") void this.kill(new EngineExit("fell silent and was ended", false));
    if (fault === "stuck") void this.kill(new EngineExit("was stuck in a window and was ended", true));
  }

  #send(message: ToEngine): void {
    // A closed channel means that the process is ending; `exit` rejects what is pending.
    if (this.#child.connected) this.#child.send(message, () => {});
  }

  #settle(message: Extract<FromEngine, { jobId: number }>): void {
    const pending = this.#pending.get(message.jobId);
    if (!pending) return;
    if (message.type === "done") {
      this.#pace.learn(performance.now() - pending.sentMs);
      pending.resolve(message.result);
    } else {
      pending.reject(sottoError("internal_error", {}, { cause: new Error(message.reason) }));
    }
  }

  #end(exit: EngineExit): void {
    clearInterval(this.#look);
    this.#exit = exit;
    exit.windows = this.#pending.size;
    for (const pending of [...this.#pending.values()]) pending.reject(exit);
  }
}
