import { setImmediate as nextTick } from "node:timers/promises";
import { ByteRate } from "../../src/schedule/audio-length.js";
import { Speed } from "../../src/schedule/speed.js";
import { Ticket } from "../../src/schedule/ticket.js";
import { Turns } from "../../src/schedule/turns.js";

/** A request whose windows all take the same time and hold 28 s, the last one what is left. */
export interface SimulatedRequest {
  owner?: string;
  atMs?: number;
  audioSec: number;
  windowMs: number;
  deadlineMs?: number;
}

/** What came of it. */
export interface SimulatedOutcome {
  ticket: Ticket;
  atMs: number;
  /** When its first window went into a slot. */
  beganMs: number;
  endMs: number;
  /** Starts of all its windows. */
  startsMs: number[];
}

const WINDOW_MS = 28_000;

/** The real turns on a clock that stands still until everybody waits. */
export class SimulatedLoad {
  nowMs = 0;
  readonly turns: Turns;
  readonly slots: number;
  readonly speed: Speed;
  readonly #events: { atMs: number; happen: () => void }[] = [];
  readonly #rate = new ByteRate();
  #order = 0;
  #unfinished = 0;
  /** Called after every event. */
  onEvent: () => void = () => {};

  constructor(slots: number, windowMs = 1000) {
    this.slots = slots;
    this.speed = new Speed(windowMs);
    this.turns = new Turns(slots, () => this.nowMs);
  }

  at(atMs: number, happen: () => void): void {
    this.#events.push({ atMs, happen });
  }

  /** Sends a request at its time. */
  async send({
    owner = "",
    atMs = this.nowMs,
    audioSec,
    windowMs,
    deadlineMs,
  }: SimulatedRequest): Promise<SimulatedOutcome> {
    this.#unfinished++;
    await this.until(atMs);
    const ticket = new Ticket(owner, this.#order++, { rate: this.#rate, speed: this.speed });
    if (deadlineMs !== undefined) ticket.deadlineMs = deadlineMs;
    ticket.audio.ended(audioSec * 1000);
    const startsMs: number[] = [];
    const ends = Array.from({ length: Math.ceil((audioSec * 1000) / WINDOW_MS) }, (_, index) =>
      Math.min((index + 1) * WINDOW_MS, audioSec * 1000),
    );
    const pull = async () => {
      for (let endMs = ends.shift(); endMs !== undefined; endMs = ends.shift()) {
        const audioMs = endMs % WINDOW_MS || WINDOW_MS;
        const task = () => {
          startsMs.push(this.nowMs);
          return this.until(this.nowMs + windowMs);
        };
        await this.turns.run(ticket, new AbortController().signal, { audioMs, endMs, task });
      }
    };
    await Promise.all(Array.from({ length: this.slots }, pull));
    this.#unfinished--;
    return { ticket, atMs, beganMs: startsMs[0] as number, endMs: this.nowMs, startsMs };
  }

  until(atMs: number): Promise<void> {
    return new Promise((resolve) => this.at(atMs, resolve));
  }

  /** Lets time pass until nothing more is to happen, or until `endMs`. */
  async run(endMs = Number.POSITIVE_INFINITY): Promise<void> {
    for (;;) {
      await nextTick();
      await nextTick();
      this.#events.sort((a, b) => a.atMs - b.atMs);
      if ((this.#events[0]?.atMs ?? Number.POSITIVE_INFINITY) > endMs) return;
      const event = this.#events.shift();
      if (!event) {
        if (this.#unfinished > 0) throw new Error(`${this.#unfinished} requests never end`);
        return;
      }
      this.nowMs = Math.max(this.nowMs, event.atMs);
      event.happen();
      this.onEvent();
    }
  }
}

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
