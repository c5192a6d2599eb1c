import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { sottoError } from "../core/errors.js";
import type { WindowResult } from "../core/window.js";
import type { EngineSetup, FromEngine, ToEngine, WindowJob } from "./protocol.js";

/**
 * Turns of a waiting OpenMP thread before it sleeps. libgomp's own choice is to spin for good when threads are no more
 * than cores. Where another process wants the cores too, every barrier then lasts a time slice: a window of tiny took
 * 9.5 s with 20,000 turns, 3.2 s with 5,000, 1.4 s with 1,000 and 0.9 s with none. On quiet cores it is the other way
 * round: 0.50, 0.54, 0.54 and 0.89 s (AMD Zen 5, two cores, two threads).
 */
const SPIN_COUNT = "1000";

/** The engine process ended while it held work. Not a client's error: the window is tried again. */
export class EngineExit extends Error {
  override readonly name = "EngineExit";
}

interface Pending {
  resolve: (result: WindowResult) => void;
  reject: (reason: unknown) => void;
}

/** The server's side of one engine process, from its start to its end. */
export class EngineProcess {
  /** Resolves when the process has ended, whatever the reason. */
  readonly ended: Promise<void>;
  readonly #child: ChildProcess;
  readonly #pending = new Map<number, Pending>();
  readonly #ready: Promise<void>;
  #nextJobId = 1;
  #hasEnded = false;

  constructor(setup: EngineSetup) {
    const program = fileURLToPath(new URL("./host.js", import.meta.url));
    this.#child = fork(program, [JSON.stringify(setup)], {
      // Standard output is the server's own: `listening on` must stand alone there.
      stdio: ["ignore", "ignore", "inherit", "ipc"],
      env: { GOMP_SPINCOUNT: SPIN_COUNT, GGML_NO_BACKTRACE: "1", ...process.env },
    });
    this.ended = new Promise((resolve) => {
      this.#child.once("exit", (code, signal) => {
        this.#end(new EngineExit(`the engine process ended (${signal ?? `exit code ${code}`})`));
        resolve();
      });
    });
    this.#ready = new Promise((resolve, reject) => {
      this.#child.on("message", (message: FromEngine) => {
        if (message.type === "ready") resolve();
        else if (message.type === "load_failed") reject(sottoError("engine_unavailable", { reason: message.reason }));
        else this.#settle(message);
      });
      this.#child.once("error", (error) =>
        reject(sottoError("engine_unavailable", { reason: "its process did not start" }, { cause: error })),
      );
      void this.ended.then(() =>
        reject(sottoError("engine_unavailable", { reason: "its process ended while it loaded the model" })),
      );
    });
    // Whoever awaits it hears of it; nobody has to.
    this.#ready.catch(() => {});
  }

  get isAlive(): boolean {
    return !this.#hasEnded;
  }

  /** @throws SottoError `engine_unavailable` when the model does not load */
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
    if (this.#hasEnded) return Promise.reject(new EngineExit("the engine process has ended"));
    const jobId = this.#nextJobId++;
    return new Promise((resolve, reject) => {
      const cancel = () => this.#send({ type: "cancel", jobId });
      const settled = () => signal.removeEventListener("abort", cancel);
      this.#pending.set(jobId, {
        resolve: (result) => {
          settled();
          resolve(result);
        },
        reject: (reason) => {
          settled();
          reject(signal.aborted ? signal.reason : reason);
        },
      });
      this.#send({ type: "decode", job: { ...job, jobId } });
      if (signal.aborted) cancel();
      else signal.addEventListener("abort", cancel, { once: true });
    });
  }

  /** Ends the process at once; windows it holds fail with {@link EngineExit}. */
  kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    return this.ended;
  }

  #send(message: ToEngine): void {
    // A closed channel means that the process is ending; `exit` rejects what is pending.
    if (this.#child.connected) this.#child.send(message, () => {});
  }

  #settle(message: Extract<FromEngine, { jobId: number }>): void {
    const pending = this.#pending.get(message.jobId);
    this.#pending.delete(message.jobId);
    if (!pending) return;
    if (message.type === "done") pending.resolve(message.result);
    else pending.reject(sottoError("internal_error", {}, { cause: new Error(message.reason) }));
  }

  #end(reason: EngineExit): void {
    this.#hasEnded = true;
    const waiting = [...this.#pending.values()];
    this.#pending.clear();
    for (const pending of waiting) pending.reject(reason);
  }
}
