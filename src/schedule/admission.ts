import { sottoError } from "../core/errors.js";

/** Weight of the newest request in the running mean of what a request takes. */
const NEWEST_WEIGHT = 0.2;
/** Before the first request has been served nothing is known of the machine's speed. */
const FIRST_GUESS_MS = 2000;

/** Requests that come unasked take some of the places that were promised. */
const PROMISE_MARGIN = 1.25;

/** A request that has been let in; it counts until it leaves. */
export interface Place {
  leave(): void;
  /** Leaves without having been served, which says nothing of how long that takes. */
  withdraw(): void;
  /** How long those that are here before it will take until a slot is its own, in milliseconds; by what requests took so far. */
  readonly expectedWaitMs: number;
  /** Makes room for others while the request is served elsewhere; its place may be taken meanwhile. */
  stepAside(): void;
  /** Comes back behind the last, whether there is room or not: it has been let in once. */
  stepBack(): void;
}

/**
 * Lets requests in, or answers 429. As many may be at work as the engine has slots, and `maxQueue` more may wait:
 * their upload, their decoding by ffmpeg or their next turn.
 */
export class Admission {
  readonly #limit: number;
  readonly #slots: number;
  readonly #maxQueue: number;
  readonly #now: () => number;
  /** In the order they came. */
  readonly #places = new Set<object>();
  #meanServiceMs = FIRST_GUESS_MS;
  /** When the last of those that were refused was told to come back. */
  #promisedMs = 0;

  constructor(slots: number, maxQueue: number, now: () => number = () => performance.now()) {
    this.#limit = slots + maxQueue;
    this.#slots = slots;
    this.#maxQueue = maxQueue;
    this.#now = now;
  }

  /** Requests inside, at work or waiting. */
  get inside(): number {
    return this.#places.size;
  }

  /** @throws SottoError `queue_full` with the seconds until a place will be free for this very request */
  enter(): Place {
    if (this.inside >= this.#limit) {
      const retryAfterSec = Math.max(1, Math.ceil(this.#promisePlaceMs() / 1000));
      throw sottoError("queue_full", { limit: this.#maxQueue, retryAfterSec }, { retryAfterSec });
    }
    const enteredMs = this.#now();
    const others = this.inside;
    const own = {};
    this.#places.add(own);
    let hasLeft = false;
    const withdraw = () => {
      this.#places.delete(own);
      hasLeft = true;
    };
    const expectedWaitMs = () => this.#expectedWaitMs(own);
    return {
      withdraw,
      get expectedWaitMs() {
        return expectedWaitMs();
      },
      stepAside: () => void this.#places.delete(own),
      stepBack: () => {
        if (!hasLeft) this.#places.add(own);
      },
      leave: () => {
        if (hasLeft) return;
        withdraw();
        // What it took alone: its time inside, shared with those that were there with it.
        const shareMs = ((this.#now() - enteredMs) * this.#slots) / Math.max(this.#slots, others + 1);
        this.#meanServiceMs += NEWEST_WEIGHT * (shareMs - this.#meanServiceMs);
      },
    };
  }

  #expectedWaitMs(own: object): number {
    const before = [...this.#places].indexOf(own);
    const waiting = Math.max(0, (before < 0 ? this.inside : before) - this.#slots + 1);
    return (waiting * this.#meanServiceMs) / this.#slots;
  }

  /** Each that is refused is given the next place to become free, so that they do not all come back at once. */
  #promisePlaceMs(): number {
    const nowMs = this.#now();
    const everyMs = (this.#meanServiceMs / this.#slots) * PROMISE_MARGIN;
    this.#promisedMs = Math.max(this.#promisedMs, nowMs) + everyMs;
    return this.#promisedMs - nowMs;
  }
}
