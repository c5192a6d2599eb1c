/** One request's place in the rotation, with the windows it has ready. */
export interface Ticket {
  readonly waiting: (() => void)[];
}

/**
 * Gives out an engine's slots. Requests take turns window by window, so that a short one never waits for another's whole
 * file: each free slot goes to the request whose turn it is, which then goes to the back.
 */
export class Turns {
  readonly #slots: number;
  #freeSlots: number;
  /** Requests with a window ready, in the order of their turns. */
  readonly #rotation: Ticket[] = [];

  constructor(slots: number) {
    this.#slots = slots;
    this.#freeSlots = slots;
  }

  /** Windows in a slot, and those that wait for one. */
  get windows(): { running: number; waiting: number } {
    const waiting = this.#rotation.reduce((sum, ticket) => sum + ticket.waiting.length, 0);
    return { running: this.#slots - this.#freeSlots, waiting };
  }

  ticket(): Ticket {
    return { waiting: [] };
  }

  /** Runs `task` in a slot when it is its request's turn. A task whose signal aborts while it waits never runs. */
  run<T>(ticket: Ticket, signal: AbortSignal, task: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const start = () => {
        signal.removeEventListener("abort", leave);
        task()
          .then(resolve, reject)
          .finally(() => {
            this.#freeSlots++;
            this.#next();
          });
      };
      const leave = () => {
        ticket.waiting.splice(ticket.waiting.indexOf(start), 1);
        if (ticket.waiting.length === 0) this.#rotation.splice(this.#rotation.indexOf(ticket), 1);
        reject(signal.reason);
      };
      signal.addEventListener("abort", leave, { once: true });
      ticket.waiting.push(start);
      if (ticket.waiting.length === 1) this.#rotation.push(ticket);
      this.#next();
    });
  }

  #next(): void {
    while (this.#freeSlots > 0) {
      const ticket = this.#rotation.shift();
      const start = ticket?.waiting.shift();
      if (!ticket || !start) return;
      if (ticket.waiting.length > 0) this.#rotation.push(ticket);
      this.#freeSlots--;
      start();
    }
  }
}
