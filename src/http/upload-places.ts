import { type SottoError, sottoError } from "../core/errors.js";

/** Weight of the newest upload in the running mean of what one takes. */
const NEWEST_WEIGHT = 0.2;
/** Before the first has come in nothing is known of the clients' lines. */
const FIRST_GUESS_MS = 2000;
/** Uploads that come unasked take some of the places that were promised. */
const PROMISE_MARGIN = 1.25;

/** How many uploads come in at once. Each has a file open, a parser and buffers, and some clients take an hour. */
export class UploadPlaces {
  readonly #limit: number;
  readonly #now: () => number;
  #taken = 0;
  #meanMs = FIRST_GUESS_MS;
  /** When the last of those that were refused was told to come back. */
  #promisedMs = 0;

  constructor(limit: number, now: () => number = () => performance.now()) {
    this.#limit = limit;
    this.#now = now;
  }

  get taken(): number {
    return this.#taken;
  }

  /**
   * A place until it is disposed of.
   * @throws SottoError `queue_full` with the seconds until a place will be free for this very upload
   */
  enter(): Disposable {
    if (this.#taken >= this.#limit) throw this.#refusal();
    const enteredMs = this.#now();
    this.#taken++;
    let isHeld = true;
    return {
      [Symbol.dispose]: () => {
        if (!isHeld) return;
        isHeld = false;
        this.#taken--;
        this.#meanMs += NEWEST_WEIGHT * (this.#now() - enteredMs - this.#meanMs);
      },
    };
  }

  /** Each is promised the next place to become free, so that they do not all come back at once. */
  #refusal(): SottoError {
    const nowMs = this.#now();
    this.#promisedMs = Math.max(this.#promisedMs, nowMs) + (this.#meanMs / this.#limit) * PROMISE_MARGIN;
    const retryAfterSec = Math.max(1, Math.ceil((this.#promisedMs - nowMs) / 1000));
    return sottoError("queue_full", { limit: this.#limit, retryAfterSec }, { retryAfterSec });
  }
}
