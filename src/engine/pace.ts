/** A window whose computation makes no step for that long is taken for stuck, however fast the machine. */
const LEAST_BUDGET_MS = 30_000;
/** Before the first window is done nothing is known: a large model on a small machine may need minutes for a step. */
const FIRST_BUDGET_MS = 600_000;
/** A step (one encoding, one decoding pass) is at most a good part of a window; the longest known pass is ten of the usual. */
const WINDOWS_PER_STEP = 20;
/** Weight of the newest window in the running mean. */
const NEWEST_WEIGHT = 0.2;

/** How long a window takes with this model on this machine, learnt as windows finish. Outlives the engine's processes. */
export class Pace {
  #meanWindowMs: number | undefined;
  readonly #leastBudgetMs: number;

  constructor(leastBudgetMs = LEAST_BUDGET_MS) {
    this.#leastBudgetMs = leastBudgetMs;
  }

  learn(windowMs: number): void {
    this.#meanWindowMs =
      (this.#meanWindowMs ?? windowMs) + NEWEST_WEIGHT * (windowMs - (this.#meanWindowMs ?? windowMs));
  }

  /** Longest time that a window may go without a step. */
  get stepBudgetMs(): number {
    if (this.#meanWindowMs === undefined) return Math.max(FIRST_BUDGET_MS, this.#leastBudgetMs);
    return Math.max(this.#leastBudgetMs, WINDOWS_PER_STEP * this.#meanWindowMs);
  }
}
