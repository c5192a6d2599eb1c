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
  #list: Promised[] = [];

  /** @param toldMs after which the client will come */
  make(who: string, toldMs: number, { nowMs, isFounded }: { nowMs: number; isFounded: boolean }): void {
    const dueMs = nowMs + toldMs;
    this.#list.push({ who, dueMs, endMs: dueMs + Math.max(LEAST_LATE_MS, LATE_SHARE * toldMs), isFounded });
  }

  /** Those that have not come back yet. */
  open(nowMs: number): number {
    this.#forget(nowMs);
    return this.#list.length;
  }

  /** How many have been told to come at much the same moment. */
  dueAround(dueMs: number): number {
    return this.#list.filter((promised) => Math.abs(promised.dueMs - dueMs) <= SAME_MOMENT_MS).length;
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
