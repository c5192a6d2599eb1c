import { type Claim, shareOut, takeTurn } from "./fair-order.js";
import type { Ticket } from "./ticket.js";

/** Claims looked at in all before the rest is reckoned and not rehearsed: some ten milliseconds of work. */
const MOST_LOOKS = 500_000;

/** A request as it is thought to go on. */
interface Part extends Claim {
  ticket: Ticket;
  windowsLeft: number;
  windowMs: number;
  /** When its model is loaded. */
  loadedMs: number;
  /** Its windows that are in a slot. */
  running: number;
  leftMs: number;
  nextMs: number;
  isLast: boolean;
}

/** The turns to come, played through on a clock of their own in the very order in which they will be given. */
export class Rehearsal {
  readonly #slots: number;
  readonly #startMs: number;
  readonly #parts = new Map<Ticket, Part>();
  readonly #running: { part: Part; endMs: number }[] = [];
  #nowMs: number;
  #looks = 0;

  /** @param tickets all that stand in line or are at work; what they are owed is settled */
  constructor(slots: number, tickets: Iterable<Ticket>, nowMs: number) {
    this.#slots = slots;
    this.#startMs = this.#nowMs = nowMs;
    for (const ticket of tickets) {
      const part = partOf(ticket, nowMs);
      this.#parts.set(ticket, part);
      for (const { startedMs, expectedMs } of ticket.running) {
        // One that takes longer than it was thought to may end at any moment: in the middle as late again as it is now.
        const leftMs = expectedMs - (nowMs - startedMs);
        this.#running.push({ part, endMs: nowMs + Math.max(leftMs, (nowMs - startedMs) / 10) });
        part.running++;
      }
    }
  }

  /** Time until a request's next window is in a slot, in milliseconds. */
  untilTurnOf(ticket: Ticket): number {
    const part = this.#parts.get(ticket);
    if (!part) return 0;
    const planned = part.windowsLeft;
    const hasBegun = () => part.windowsLeft < planned || planned === 0;
    while (!hasBegun() && this.#step(hasBegun)) {}
    if (hasBegun()) return this.#nowMs - this.#startMs;
    const aheadMs = [...this.#parts.values()].reduce(
      (sum, { windowsLeft, nextMs }) => sum + (windowsLeft && nextMs),
      0,
    );
    return this.#nowMs - this.#startMs + aheadMs / this.#slots;
  }

  /**
   * Times at which requests of an owner, or of all, will have had their last window, in milliseconds from now, in order.
   * @param count how many are wanted; there may be fewer
   */
  ends(count: number, owner?: string): number[] {
    const isMeant = (part: Part) => owner === undefined || part.owner === owner;
    const open = new Set([...this.#parts.values()].filter(isMeant));
    const ends: number[] = [];
    const note = () => {
      for (const part of open) {
        if (part.windowsLeft > 0 || part.running > 0) continue;
        open.delete(part);
        ends.push(this.#nowMs - this.#startMs);
      }
    };
    note();
    while (ends.length < count && this.#step()) note();
    return ends.length < count ? [...ends, ...this.#reckonedEnds(open)] : ends;
  }

  /**
   * Time until so much of the audio has been taken that `isEnough`, in milliseconds.
   * @param isEnough is given what will be left of each request's audio, in milliseconds
   */
  untilAudio(isEnough: (leftMs: ReadonlyMap<Ticket, number>) => boolean): number {
    const planned = [...this.#parts.values()].map((part) => ({ part, windows: Math.max(1, part.windowsLeft) }));
    const left = () =>
      new Map(
        planned.map(({ part: { ticket, windowsLeft }, windows }) => [
          ticket,
          (ticket.audio.leftMs * windowsLeft) / windows,
        ]),
      );
    while (!isEnough(left()) && this.#step()) {}
    const restMs = isEnough(left()) ? 0 : planned.reduce((sum, { part }) => sum + part.leftMs, 0) / this.#slots;
    return this.#nowMs - this.#startMs + restMs;
  }

  /** As if all were served at the same speed, each in small pieces. */
  #reckonedEnds(open: ReadonlySet<Part>): number[] {
    const sorted = [...this.#parts.values()].sort((a, b) => a.leftMs - b.leftMs);
    const soFarMs = this.#nowMs - this.#startMs;
    let doneMs = 0;
    let beforeMs = 0;
    const ends: number[] = [];
    sorted.forEach((part, index) => {
      doneMs += (part.leftMs - beforeMs) * (sorted.length - index);
      beforeMs = part.leftMs;
      if (open.has(part)) ends.push(soFarMs + doneMs / this.#slots);
    });
    return ends;
  }

  /** Fills the free slots and goes on to the next end of a window, or of a model's load. @returns false when there is nothing more to see */
  #step(isEnough: () => boolean = () => false): boolean {
    this.#fill(isEnough);
    if (isEnough() || this.#looks > MOST_LOOKS) return false;
    let first = 0;
    this.#running.forEach(({ endMs }, index) => {
      if (endMs < (this.#running[first]?.endMs ?? 0)) first = index;
    });
    const endMs = this.#running[first]?.endMs ?? Number.POSITIVE_INFINITY;
    const loadedMs = this.#running.length < this.#slots ? this.#nextLoadedMs() : Number.POSITIVE_INFINITY;
    const nextMs = Math.min(endMs, loadedMs);
    if (!Number.isFinite(nextMs)) return false;
    const active = [...this.#parts.values()].filter((part) => part.running > 0 || this.#isReady(part));
    shareOut(active, Math.max(0, nextMs - this.#nowMs) * this.#running.length);
    if (endMs <= loadedMs) {
      const [ended] = this.#running.splice(first, 1);
      if (ended) ended.part.running--;
    }
    this.#nowMs = Math.max(this.#nowMs, nextMs);
    this.#fill(isEnough);
    return true;
  }

  #isReady({ windowsLeft, loadedMs }: Part): boolean {
    return windowsLeft > 0 && loadedMs <= this.#nowMs;
  }

  /** When the next model will be loaded that somebody waits for; Infinity: all are. */
  #nextLoadedMs(): number {
    let nextMs = Number.POSITIVE_INFINITY;
    for (const { windowsLeft, loadedMs } of this.#parts.values()) {
      if (windowsLeft > 0 && loadedMs > this.#nowMs) nextMs = Math.min(nextMs, loadedMs);
    }
    return nextMs;
  }

  #fill(isEnough: () => boolean): void {
    while (this.#running.length < this.#slots && !isEnough()) {
      const waiting = [...this.#parts.values()].filter((part) => this.#isReady(part) && part.running < this.#slots);
      this.#looks += this.#parts.size;
      const part = takeTurn(waiting, this.#nowMs);
      if (!part) return;
      this.#running.push({ part, endMs: this.#nowMs + part.nextMs });
      part.running++;
      part.hadMs += part.nextMs;
      part.windowsLeft--;
      part.leftMs = Math.max(0, part.leftMs - part.nextMs);
      part.nextMs = part.windowMs;
      part.isLast = part.windowsLeft === 1;
    }
  }
}

function partOf(ticket: Ticket, nowMs: number): Part {
  const { owner, order, owedMs, hadMs, deadlineMs, windowsLeft, windowMs, nextMs, leftMs } = ticket;
  const turns = { owner, order, owedMs, hadMs, deadlineMs, nextMs, leftMs, isLast: windowsLeft === 1 };
  return { ticket, ...turns, windowsLeft, windowMs, loadedMs: nowMs + ticket.untilLoadedMs(), running: 0 };
}
