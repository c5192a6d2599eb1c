import { sottoError } from "../core/errors.js";

/** Weight of the newest request in the running mean of what a request takes. */
const NEWEST_WEIGHT = 0.2;
/** Before the first request has been served nothing is known of the machine's speed. */
const FIRST_GUESS_MS = 2000;

/** A request that has been let in; it counts until it leaves. */
export interface Place {
  leave(): void;
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
  #inside = 0;
  #meanServiceMs = FIRST_GUESS_MS;

  constructor(slots: number, maxQueue: number, now: () => number = () => performance.now()) {
    this.#limit = slots + maxQueue;
    this.#slots = slots;
    this.#maxQueue = maxQueue;
    this.#now = now;
  }

  /** Requests inside, at work or waiting. */
  get inside(): number {
    return this.#inside;
  }

  /** @throws SottoError `queue_full` with the seconds until places are likely free */
  enter(): Place {
    if (this.#inside >= this.#limit) {
      const retryAfterSec = Math.max(1, Math.ceil(this.#meanServiceMs / 1000));
      throw sottoError("queue_full", { limit: this.#maxQueue, retryAfterSec }, { retryAfterSec });
    }
    const enteredMs = this.#now();
    const others = this.#inside++;
    let isInside = true;
    return {
      leave: () => {
        if (!isInside) return;
        isInside = false;
        this.#inside--;
        // What it took alone: its time inside, shared with those that were there with it.
        const shareMs = ((this.#now() - enteredMs) * this.#slots) / Math.max(this.#slots, others + 1);
        this.#meanServiceMs += NEWEST_WEIGHT * (shareMs - this.#meanServiceMs);
      },
    };
  }
}
