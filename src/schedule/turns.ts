import { type Claim, shareOut, takeTurn } from "./fair-order.js";
import type { RunningWindow, Ticket, WaitingWindow } from "./ticket.js";

/** A window of a request, and what decodes it. */
export interface Turn<Result> {
  /** Of its audio. */
  audioMs: number;
  /** Where it ends in the recording. */
  endMs: number;
  task: () => Promise<Result>;
}

/** Gives out the engines' slots, window by window, in the fair order; and learns how long windows take. */
export class Turns {
  readonly #slots: number;
  readonly #now: () => number;
  /** Requests with a window in a slot or ready for one. */
  readonly #active = new Set<Ticket>();
  #running = 0;
  #sharedOutMs: number;
  #isToGoOn = false;

  /** @param now in milliseconds; never goes back */
  constructor(slots: number, now: () => number = () => performance.now()) {
    this.#slots = slots;
    this.#now = now;
    this.#sharedOutMs = now();
  }

  /** Windows in a slot, and those that wait for one. */
  get windows(): { running: number; waiting: number } {
    let waiting = 0;
    for (const ticket of this.#active) waiting += ticket.waiting.length;
    return { running: this.#running, waiting };
  }

  /** Makes what each is owed true for this moment. */
  settle(): void {
    const nowMs = this.#now();
    shareOut(this.#active as ReadonlySet<Claim>, (nowMs - this.#sharedOutMs) * this.#running);
    this.#sharedOutMs = nowMs;
  }

  /** Runs a task in a slot when it is its request's turn. A task whose signal aborts while it waits never runs. */
  run<Result>(ticket: Ticket, signal: AbortSignal, { audioMs, endMs, task }: Turn<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const leave = () => {
        this.settle();
        ticket.waiting.splice(ticket.waiting.indexOf(waiting), 1);
        this.#rest(ticket);
        reject(signal.reason);
      };
      const start = () => {
        signal.removeEventListener("abort", leave);
        const running = this.#start(ticket, waiting);
        const end = () => this.#end(ticket, running);
        task().then(
          (result) => {
            ticket.speed.learn(audioMs, end());
            resolve(result);
          },
          (error) => {
            end();
            reject(error);
          },
        );
      };
      const waiting: WaitingWindow = { audioMs, endMs, start };
      signal.addEventListener("abort", leave, { once: true });
      this.settle();
      ticket.readyMs ??= this.#sharedOutMs;
      ticket.waiting.push(waiting);
      this.#active.add(ticket);
      this.#fill();
    });
  }

  #start(ticket: Ticket, waiting: WaitingWindow): RunningWindow {
    const running = { startedMs: this.#now(), expectedMs: ticket.speed.windowMs(waiting.audioMs) };
    ticket.waiting.splice(ticket.waiting.indexOf(waiting), 1);
    ticket.take(waiting);
    ticket.running.add(running);
    // Counted at once, or two slots that become free together would go to the same request.
    ticket.hadMs += running.expectedMs;
    this.#running++;
    return running;
  }

  /** @returns how long the window was in its slot, in milliseconds */
  #end(ticket: Ticket, running: RunningWindow): number {
    this.settle();
    const tookMs = this.#now() - running.startedMs;
    ticket.hadMs += tookMs - running.expectedMs;
    ticket.running.delete(running);
    this.#running--;
    this.#rest(ticket);
    // A little later: the request that has just been served may have its next window ready, and it may be its turn.
    if (!this.#isToGoOn) {
      this.#isToGoOn = true;
      setImmediate(() => {
        this.#isToGoOn = false;
        this.settle();
        this.#fill();
      });
    }
    return tookMs;
  }

  #rest(ticket: Ticket): void {
    if (ticket.waiting.length === 0 && ticket.running.size === 0) this.#active.delete(ticket);
  }

  #fill(): void {
    while (this.#running < this.#slots) {
      const waiting = [...this.#active].filter((ticket) => ticket.waiting.length > 0);
      const next = takeTurn(waiting, this.#now());
      if (!next) return;
      next.waiting[0]?.start();
    }
  }
}
