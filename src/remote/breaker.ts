/** Failures in a row that open it. */
const FAILURES_TO_OPEN = 5;
/** After so long one request is let through, to see. */
const OPEN_MS = 30_000;

/** The right to ask a provider once; one of the three is called, at most once. */
export interface Attempt {
  succeeded(): void;
  /** @param retryAfterMs when the provider wants to be asked again */
  failed(retryAfterMs?: number): void;
  /** It ended without a verdict: the client left. */
  abandoned(): void;
}

/**
 * Keeps requests from a provider that does not answer. Five failures in a row open it; after 30 s one request is let
 * through: its success closes the breaker, its failure opens it for another 30 s. A provider that says when to come back
 * (`Retry-After`) is left alone until then, at the first failure.
 */
export class Breaker {
  readonly #now: () => number;
  #failures = 0;
  /** Nothing is let through before. */
  #shutUntilMs = Number.NEGATIVE_INFINITY;
  #isOnTrial = false;

  /** @param now milliseconds, from any start; never goes back */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** `open` lets nothing through, `half_open` one request. */
  get state(): "closed" | "open" | "half_open" {
    if (this.#now() < this.#shutUntilMs) return "open";
    if (this.#failures < FAILURES_TO_OPEN) return "closed";
    return this.#isOnTrial ? "open" : "half_open";
  }

  /** How long it stays shut, in milliseconds; 0 when it lets something through, or waits for its one trial. */
  get shutForMs(): number {
    return Math.max(0, this.#shutUntilMs - this.#now());
  }

  /** @returns undefined when nothing is let through */
  attempt(): Attempt | undefined {
    const { state } = this;
    if (state === "open") return undefined;
    const isTrial = state === "half_open";
    if (isTrial) this.#isOnTrial = true;
    let isOver = false;
    const once = (verdict: () => void) => {
      if (isOver) return;
      isOver = true;
      if (isTrial) this.#isOnTrial = false;
      verdict();
    };
    return {
      succeeded: () =>
        once(() => {
          // One that began before it was shut does not open it again: it may have been told to wait.
          this.#failures = 0;
        }),
      failed: (retryAfterMs = 0) =>
        once(() => {
          this.#failures++;
          const openMs = this.#failures >= FAILURES_TO_OPEN ? OPEN_MS : 0;
          const shutMs = Math.max(openMs, retryAfterMs);
          if (shutMs > 0) this.#shutUntilMs = Math.max(this.#shutUntilMs, this.#now() + shutMs);
        }),
      abandoned: () => once(() => {}),
    };
  }
}
