import { sottoError } from "../core/errors.js";

/** A request's own time limit, counted from its arrival. */
export class Deadline implements Disposable {
  readonly #passed = new AbortController();
  /** On the clock of `performance.now`; Infinity: never. */
  readonly atMs: number = Number.POSITIVE_INFINITY;
  readonly #timer: NodeJS.Timeout | undefined;

  /** @param timeoutMs undefined: none */
  constructor(timeoutMs: number | undefined, arrivedMs: number) {
    if (timeoutMs === undefined) return;
    this.atMs = arrivedMs + timeoutMs;
    const leftMs = Math.max(0, timeoutMs - (performance.now() - arrivedMs));
    const details = { what: "The request did not finish", limitMs: timeoutMs };
    this.#timer = setTimeout(() => this.#passed.abort(sottoError("deadline_exceeded", details)), leftMs);
  }

  /** Aborts with `deadline_exceeded`. */
  get signal(): AbortSignal {
    return this.#passed.signal;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}
