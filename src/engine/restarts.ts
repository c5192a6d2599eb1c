/** The first new start is made at once, the second too: a crash costs its windows half a second. Then it takes longer. */
const DELAYS_MS = [0, 0, 500, 1000, 2000, 5000, 10_000, 30_000] as const;

/** Starts that one request waits through. */
export const STARTS_IN_A_ROW = 4;

/** How long to wait before an engine is started again: the longer, the oftener it ended without having served a window. */
export class Restarts {
  readonly #now: () => number;
  #endsInVain = 0;
  #endedMs = Number.NEGATIVE_INFINITY;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** A window was decoded: whatever went wrong before is over. */
  served(): void {
    this.#endsInVain = 0;
  }

  ended(): void {
    this.#endsInVain++;
    this.#endedMs = this.#now();
  }

  /** Until the next start may be made. */
  get delayMs(): number {
    const delayMs = DELAYS_MS[Math.min(this.#endsInVain, DELAYS_MS.length - 1)] as number;
    return Math.max(0, this.#endedMs + delayMs - this.#now());
  }
}
