/** Weight that each interval keeps when the next one comes: some thirty count. */
const KEPT = 0.97;
/** One that was longer (an engine was replaced) says little about the next. Sixteen slots may become free together, and then none for long. */
const MOST_FACTOR = 40;
/** The line holds this much back, so that chance alone lengthens no estimate. */
const CAUTION = 0.95;
/** Intervals after which the pace is known. */
const ENOUGH = 8;
/** Weight of the newest request that had nobody before it. */
const NEWEST_ALONE = 0.3;

/**
 * The pace at which requests have their first windows while others wait for theirs. Whatever holds them up is in it: ffmpeg
 * and the disk, of which turns in the engine's slots know nothing. Before there was a line it follows from how long ffmpeg takes for
 * those that have nobody before them.
 */
export class Intake {
  readonly #lanes: number;
  #lastMs = 0;
  #wasLine = false;
  #intervals = 0;
  #weight = 0;
  #meanMs = 0;
  #aloneMs: number | undefined;

  /** @param lanes requests whose recordings are decoded side by side */
  constructor(lanes: number) {
    this.#lanes = lanes;
  }

  /** Whether there was a line long enough to tell. */
  get isMeasured(): boolean {
    return this.#intervals >= ENOUGH;
  }

  /**
   * @param waiting requests that have had none yet
   * @param decodingMs from this one's recording to its first window; undefined: not known
   */
  began(nowMs: number, waiting: number, decodingMs?: number): void {
    if (this.#wasLine) this.#learn(nowMs - this.#lastMs);
    else if (waiting === 0 && decodingMs !== undefined) {
      this.#aloneMs = (this.#aloneMs ?? decodingMs) + NEWEST_ALONE * (decodingMs - (this.#aloneMs ?? decodingMs));
    }
    this.#lastMs = nowMs;
    this.#wasLine = waiting > 0;
  }

  /** The least time until so many more have begun, in milliseconds. */
  untilBegun(count: number): number {
    const eachMs = this.isMeasured
      ? CAUTION * this.#meanMs
      : Math.max(this.#meanMs, (this.#aloneMs ?? 0) / this.#lanes);
    return count * eachMs;
  }

  #learn(tookMs: number): void {
    const ms = this.#weight >= 1 / (1 - KEPT) / 2 ? Math.min(tookMs, MOST_FACTOR * this.#meanMs) : tookMs;
    this.#intervals++;
    this.#weight = KEPT * this.#weight + 1;
    this.#meanMs += (ms - this.#meanMs) / this.#weight;
  }
}

/**
 * Requests that will begin before one: those of its owner that came earlier, and of each other owner as many as there are turns until its own.
 * @param earlier of its owner
 * @param others how many requests each other owner has in line
 */
export function aheadInTurns(earlier: number, others: Iterable<number>): number {
  let ahead = earlier;
  for (const count of others) ahead += Math.min(count, earlier + 1);
  return ahead;
}
