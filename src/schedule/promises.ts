/** A client's right to come back, told to it with a 429. */
interface Promised {
  /** What makes a client known again. */
  who: string;
  /** From when on a place is thought to be free for it. */
  freeMs: number;
  /** When it was told to come. */
  dueMs: number;
  /** When it is given up. */
  endMs: number;
}

/** Who waits for longer may come later by more. */
const LATE_SHARE = 0.25;
const LEAST_LATE_MS = 1000;
/** Clocks of clients differ, and a timer may be early. */
const EARLY_MS = 50;

/** What those that were refused have been told: each counts until it comes back, or has been given up. */
export class Promises {
  #list: Promised[] = [];

  /** @param times from now: when there will be a place, and between which times the client will come */
  make(who: string, times: { freeInMs: number; fromMs: number; untilMs: number }, nowMs: number): void {
    const { freeInMs, fromMs, untilMs } = times;
    const endMs = nowMs + untilMs + Math.max(LEAST_LATE_MS, LATE_SHARE * untilMs);
    this.#list.push({ who, freeMs: nowMs + freeInMs, dueMs: nowMs + fromMs, endMs });
  }

  /** Those that have not come back yet. */
  open(nowMs: number): number {
    this.#forget(nowMs);
    return this.#list.length;
  }

  /** Those of them whose time has come. */
  due(nowMs: number): number {
    this.#forget(nowMs);
    return this.#list.filter(({ dueMs }) => dueMs - EARLY_MS <= nowMs).length;
  }

  /** Places that are free only because somebody was told to come for them. */
  reserved(nowMs: number): number {
    this.#forget(nowMs);
    return this.#list.filter(({ freeMs }) => freeMs <= nowMs).length;
  }

  /** Whether this client was told to come now; then its promise is kept by this. */
  keep(who: string, nowMs: number): boolean {
    this.#forget(nowMs);
    const index = this.#list.findIndex((promised) => promised.who === who && promised.dueMs - EARLY_MS <= nowMs);
    if (index < 0) return false;
    this.#list.splice(index, 1);
    return true;
  }

  #forget(nowMs: number): void {
    if (this.#list.some(({ endMs }) => endMs < nowMs)) this.#list = this.#list.filter(({ endMs }) => endMs >= nowMs);
  }
}
