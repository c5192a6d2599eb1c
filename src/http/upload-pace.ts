import type { IncomingMessage } from "node:http";
import { sottoError } from "../core/errors.js";

export interface PaceLimits {
  /** Fewer bytes a second are too few; 0: none are. */
  minBytesPerSec: number;
  /** Over which the rate is taken; a client may stand still for as long. */
  graceMs: number;
  /** In which the upload must be whole; 0: any. It has its place in the queue as long. */
  totalMs: number;
}

/** As the client reads it. */
const NOT_WHOLE = "The upload did not come to its end";

/** Looks within the grace: the rate is taken over a time that slides by its tenth. */
const LOOKS = 10;

/** The longest that a timer takes: a longer one would end at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * Whether an upload comes fast enough, by what comes on its connection in the last `graceMs`, whatever came before: a client
 * cannot save up for standing still. Time in which bytes wait for the server itself is not the client's.
 */
export class UploadPace implements Disposable {
  readonly #request: IncomingMessage;
  readonly #limits: PaceLimits;
  readonly #tooSlow = new AbortController();
  readonly #timer: NodeJS.Timeout | undefined;
  readonly #end: NodeJS.Timeout | undefined;
  /** Bytes of the connection at the last looks, the oldest first. */
  #counts: number[];

  constructor(request: IncomingMessage, limits: PaceLimits) {
    this.#request = request;
    this.#limits = limits;
    this.#counts = [request.socket.bytesRead];
    if (limits.minBytesPerSec > 0) this.#timer = setInterval(() => this.#look(), limits.graceMs / LOOKS);
    if (limits.totalMs > 0)
      this.#end = setTimeout(() => this.#cut(NOT_WHOLE, limits.totalMs), Math.min(limits.totalMs, LONGEST_TIMER_MS));
  }

  /** Aborts with `deadline_exceeded`. */
  get signal(): AbortSignal {
    return this.#tooSlow.signal;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    clearTimeout(this.#end);
  }

  #look(): void {
    const { complete, readableLength, socket } = this.#request;
    if (complete || readableLength > 0) {
      this.#counts = [socket.bytesRead];
      return;
    }
    this.#counts.push(socket.bytesRead);
    if (this.#counts.length <= LOOKS) return;
    const before = this.#counts.shift() ?? 0;
    const { minBytesPerSec, graceMs } = this.#limits;
    const minimum = Math.ceil((minBytesPerSec * graceMs) / 1000);
    if (socket.bytesRead - before >= minimum) return;
    this.#cut(`Fewer than ${minimum} bytes of the upload came`, graceMs);
  }

  #cut(what: string, limitMs: number): void {
    this[Symbol.dispose]();
    this.#tooSlow.abort(sottoError("deadline_exceeded", { what, limitMs }));
  }
}
