/** The first new start is made at once, the second too: a crash costs its windows half a second. Then it takes longer. */
const DELAYS_MS = [0, 0, 250, 500, 1000, 2000, 4000, 8000, 10_000] as const;

/** Starts that one request waits through: some twenty seconds, and the loading itself. */
export const STARTS_IN_A_ROW = 8;

/**
 * How long to wait before an engine is started again: the longer, the oftener it ended while it loaded or idled. One that
 * ends under a window says something of the window, which is not tried for ever.
 */
export class Restarts {
  readonly #now: () => number;
  readonly #delaysMs: readonly number[];
  #endsInVain = 0;
  #endedMs = Number.NEGATIVE_INFINITY;

  constructor(now: () => number = () => performance.now(), delaysMs: readonly number[] = DELAYS_MS) {
    this.#now = now;
    this.#delaysMs = delaysMs;
  }

  /** A window was decoded: whatever went wrong before is over. */
  served(): void {
    this.#endsInVain = 0;
  }

  endedInVain(): void {
    this.#endsInVain++;
    this.#endedMs = this.#now();
  }

  /** Until the next start may be made. */
  get delayMs(): number {
    const delayMs = this.#delaysMs[Math.min(this.#endsInVain, this.#delaysMs.length - 1)] ?? 0;
    return Math.max(0, this.#endedMs + delayMs - this.#now());
  }
}
