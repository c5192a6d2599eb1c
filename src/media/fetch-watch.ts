import { sottoError } from "../core/errors.js";
import { LinkedAbort } from "../core/linked-abort.js";

/** Ends a fetch that is no longer wanted, or whose other side keeps it waiting. */
export class FetchWatch implements Disposable {
  readonly #stop: LinkedAbort;
  readonly #total: NodeJS.Timeout;
  #next: NodeJS.Timeout | undefined;

  /** @param outer its reason becomes the signal's */
  constructor(outer: AbortSignal, totalMs: number) {
    this.#stop = new LinkedAbort(outer);
    this.#total = this.#limit(totalMs, "it took longer than");
  }

  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** From now on something must come every `ms`. */
  expect(ms: number): void {
    clearTimeout(this.#next);
    this.#next = this.#limit(ms, "nothing came for");
  }

  /** Something came. */
  feed(): void {
    this.#next?.refresh();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#total);
    clearTimeout(this.#next);
    this.#stop[Symbol.dispose]();
  }

  #limit(ms: number, what: string): NodeJS.Timeout {
    return setTimeout(() => this.#stop.abort(urlFetchFailed(`${what} ${ms / 1000} s`)), ms);
  }
}

export function urlFetchFailed(reason: string, cause?: unknown) {
  return sottoError("url_fetch_failed", { reason }, { param: "file", cause });
}
