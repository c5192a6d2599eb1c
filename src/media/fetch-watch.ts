import { sottoError } from "../core/errors.js";

/** Ends a fetch that is no longer wanted, or whose other side keeps it waiting. */
export class FetchWatch implements Disposable {
  readonly signal: AbortSignal;
  readonly #late = new AbortController();
  readonly #total: NodeJS.Timeout;
  #next: NodeJS.Timeout | undefined;

  /** @param outer its reason becomes the signal's */
  constructor(outer: AbortSignal, totalMs: number) {
    this.signal = AbortSignal.any([outer, this.#late.signal]);
    this.#total = this.#limit(totalMs, "it took longer than");
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
  }

  #limit(ms: number, what: string): NodeJS.Timeout {
    return setTimeout(() => this.#late.abort(urlFetchFailed(`${what} ${ms / 1000} s`)), ms);
  }
}

export function urlFetchFailed(reason: string, cause?: unknown) {
  return sottoError("url_fetch_failed", { reason }, { param: "file", cause });
}
