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
  readonly #passed = new AbortController();
  #phase: NodeJS.Timeout | undefined;
  #total: NodeJS.Timeout | undefined;
  #leftMs: number;
  #runningSinceMs = performance.now();
  #hasAnswer = false;

  constructor(times: CallTimes) {
    this.#times = times;
    this.#leftMs = times.totalMs;
    this.#phase = this.#after(times.connectMs, new ProviderFailure("unreachable"));
    this.#total = this.#after(this.#leftMs, new ProviderFailure("timeout"));
  }

  /** Aborts with a ProviderFailure. */
  get signal(): AbortSignal {
    return this.#passed.signal;
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
  }

  #after(ms: number, failure: ProviderFailure): NodeJS.Timeout {
    return setTimeout(() => this.#passed.abort(failure), Math.max(0, ms));
  }
}
