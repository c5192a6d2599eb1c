import { LinkedAbort } from "../core/linked-abort.js";
import { ProviderFailure } from "./provider-failure.js";

/** How long the parts of a try may take, in milliseconds. */
export interface CallTimes {
  connectMs: number;
  /** From the end of the upload to the reply's first byte. */
  firstByteMs: number;
  /** All of it, the upload included. */
  totalMs: number;
}

/** Watches the time of one try and ends it with a {@link ProviderFailure} when a limit is passed. */
export class TimeLimits implements Disposable {
  readonly #times: CallTimes;
  readonly #stop: LinkedAbort;
  #phase: NodeJS.Timeout | undefined;
  #total: NodeJS.Timeout | undefined;
  #leftMs: number;
  #runningSinceMs = performance.now();
  #hasAnswer = false;

  /** @param outer ends the try too; its reason becomes the signal's */
  constructor(times: CallTimes, outer: AbortSignal) {
    this.#times = times;
    this.#stop = new LinkedAbort(outer);
    this.#leftMs = times.totalMs;
    this.#phase = this.#after(times.connectMs, new ProviderFailure("unreachable"));
    this.#total = this.#after(this.#leftMs, new ProviderFailure("timeout"));
  }

  /** Aborts with a ProviderFailure, or with the reason of the outer one. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  connected(): void {
    clearTimeout(this.#phase);
  }

  uploaded(): void {
    // Refusals come before the upload's end.
    if (this.#hasAnswer) return;
    clearTimeout(this.#phase);
    this.#phase = this.#after(this.#times.firstByteMs, new ProviderFailure("timeout"));
  }

  answered(): void {
    this.#hasAnswer = true;
    clearTimeout(this.#phase);
  }

  /** Waits for our own client, whose slowness is not the provider's. */
  async notCounting(wait: Promise<void>): Promise<void> {
    clearTimeout(this.#total);
    this.#leftMs -= performance.now() - this.#runningSinceMs;
    try {
      await wait;
    } finally {
      this.#runningSinceMs = performance.now();
      this.#total = this.#after(this.#leftMs, new ProviderFailure("timeout"));
    }
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#phase);
    clearTimeout(this.#total);
    this.#stop[Symbol.dispose]();
  }

  #after(ms: number, failure: ProviderFailure): NodeJS.Timeout {
    return setTimeout(() => this.#stop.abort(failure), Math.max(0, ms));
  }
}
