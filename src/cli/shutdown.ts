import { sottoError } from "../core/errors.js";

/** Under npm one Ctrl-C comes twice: from the terminal, and handed on by npm. */
const SAME_SIGNAL_MS = 500;

/** The way from a signal to the end: no new requests, running ones finish, then all is closed. A second signal ends at once. */
export class Shutdown {
  readonly #drainMs: number;
  readonly #outOfTime = new AbortController();
  #askedMs: number | undefined;

  /** @param drainMs how long running requests may go on */
  constructor(drainMs: number) {
    this.#drainMs = drainMs;
  }

  /** Whether no new request may begin. */
  get isDraining(): boolean {
    return this.#askedMs !== undefined;
  }

  /** Aborts with `shutting_down` when the time for running requests is over. */
  get signal(): AbortSignal {
    return this.#outOfTime.signal;
  }

  /**
   * Waits for SIGTERM or SIGINT, then closes, in the order given.
   * @param close each step begins when the one before it is done
   */
  async afterSignal(close: (() => Promise<unknown>)[]): Promise<void> {
    await new Promise<void>((resolve) => {
      const onSignal = () => {
        const nowMs = performance.now();
        if (this.#askedMs !== undefined && nowMs - this.#askedMs > SAME_SIGNAL_MS) process.exit(1);
        this.#askedMs ??= nowMs;
        resolve();
      };
      process.on("SIGTERM", onSignal).on("SIGINT", onSignal);
    });
    const timer = setTimeout(() => this.#outOfTime.abort(sottoError("shutting_down", {})), this.#drainMs);
    for (const step of close) await step();
    clearTimeout(timer);
  }
}
