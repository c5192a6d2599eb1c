import { once } from "node:events";
import { PassThrough, type Readable } from "node:stream";
import { sottoError } from "../core/errors.js";
import { LinkedAbort } from "../core/linked-abort.js";
import { COMMENT, eventText } from "../render/sse.js";

export interface EventStreamTimes {
  /** A comment goes out when nothing else did for so long. */
  commentMs: number;
  /** A client that takes nothing for so long counts as gone. */
  stalledMs: number;
}

const TIMES: EventStreamTimes = { commentMs: 15_000, stalledMs: 300_000 };

/**
 * A reply in server-sent events. It opens with its first event: what fails before that is still an ordinary error with
 * its status. Whoever sends waits until the client has taken what went before.
 */
export class EventStream {
  readonly #out = new PassThrough();
  readonly #times: EventStreamTimes;
  readonly #signal: AbortSignal;
  #timer: NodeJS.Timeout | undefined;
  #open: () => void = () => {};
  /** Settles when the first bytes are there. */
  readonly opened: Promise<void>;

  /** @param signal aborts when the client has left */
  constructor(signal: AbortSignal, times: EventStreamTimes = TIMES) {
    this.#signal = signal;
    this.#times = times;
    this.opened = new Promise((resolve) => {
      this.#open = resolve;
    });
    // A client that leaves destroys it; the signal says so too.
    this.#out.on("error", () => {});
    this.#out.on("close", () => clearInterval(this.#timer));
  }

  get readable(): Readable {
    return this.#out;
  }

  /** From now on a comment goes out whenever nothing else does. */
  keepAwake(): void {
    this.#timer ??= setInterval(() => {
      // What waits to be read keeps a connection alive by itself.
      if (!this.#out.writableNeedDrain) this.#write(COMMENT);
    }, this.#times.commentMs);
  }

  /** @throws SottoError `client_closed` when the client takes nothing for too long; the signal's reason */
  async send(event: object): Promise<void> {
    this.#signal.throwIfAborted();
    this.#timer?.refresh();
    if (this.#write(eventText(event))) return;
    using stop = new LinkedAbort(this.#signal);
    const stalled = setTimeout(() => stop.abort(), this.#times.stalledMs);
    try {
      await once(this.#out, "drain", { signal: stop.signal });
    } catch {
      this.#signal.throwIfAborted();
      this.#out.destroy(); // or the connection would stay as long as the client keeps it
      throw sottoError("client_closed", {});
    } finally {
      clearTimeout(stalled);
    }
  }

  /** The last event. */
  end(event: object): void {
    clearInterval(this.#timer);
    this.#open();
    this.#out.end(eventText(event));
  }

  /** Without an event: the reply took another way. */
  close(): void {
    clearInterval(this.#timer);
  }

  #write(text: string): boolean {
    this.#open();
    return this.#out.destroyed || this.#out.write(text);
  }
}
