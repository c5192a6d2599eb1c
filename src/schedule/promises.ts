/** A client's right to come back, told to it with a 429. */
interface Promised {
  /** What makes a client known again. */
  who: string;
  /** When it was told to come. */
  dueMs: number;
  /** When it is given up. */
  endMs: number;
  /** Whether the time was reckoned from a pace that had been measured. */
  isFounded: boolean;
}

/** Who waits for longer may come later by more. */
const LATE_SHARE = 0.25;
const LEAST_LATE_MS = 1000;
/** Clients count in whole seconds: many that were refused together come back together. */
const SAME_MOMENT_MS = 500;

/** What those that were refused have been told: each counts until it comes back, or has been given up. */
export class Promises {
  /** By the time at which they are due. */
  #list: Promised[] = [];

  /** @param toldMs after which the client will come */
  make(who: string, toldMs: number, { nowMs, isFounded }: { nowMs: number; isFounded: boolean }): void {
    const dueMs = nowMs + toldMs;
    const endMs = dueMs + Math.max(LEAST_LATE_MS, LATE_SHARE * toldMs);
    const after = this.#list.findLastIndex((other) => other.dueMs <= dueMs);
    this.#list.splice(after + 1, 0, { who, dueMs, endMs, isFounded });
  }

  /** Those that have not come back yet. */
  open(nowMs: number): number {
    this.#forget(nowMs);
    return this.#list.length;
  }

  /**
   * The first moment, in whole seconds from one on, at much the same time as which fewer than so many have been told to come.
   * @param atOnce at least 1
   */
  firstRoom(fromMs: number, atOnce: number): number {
    let dueMs = fromMs;
    let [first, end] = [0, 0];
    for (;;) {
      while ((this.#list[first]?.dueMs ?? Number.POSITIVE_INFINITY) < dueMs - SAME_MOMENT_MS) first++;
      while ((this.#list[end]?.dueMs ?? Number.POSITIVE_INFINITY) <= dueMs + SAME_MOMENT_MS) end++;
      if (end - first < atOnce) return dueMs;
      dueMs += 1000;
    }
  }

  /** The promise that is due to this client now, if there is one; it counts no longer. */
  take(who: string, nowMs: number): Readonly<Promised> | undefined {
    this.#forget(nowMs);
    const index = this.#list.findIndex((promised) => promised.who === who && promised.dueMs <= nowMs);
    return index < 0 ? undefined : this.#list.splice(index, 1)[0];
  }

  #forget(nowMs: number): void {
    if (this.#list.some(({ endMs }) => endMs < nowMs)) this.#list = this.#list.filter(({ endMs }) => endMs >= nowMs);
  }
}
