import { type SottoError, sottoError } from "../core/errors.js";
import { ByteRate } from "./audio-length.js";
import { aheadInTurns, Intake } from "./intake.js";
import { Promises } from "./promises.js";
import { Rehearsal } from "./rehearsal.js";
import { Speed } from "./speed.js";
import { Ticket } from "./ticket.js";
import type { Turns } from "./turns.js";

/** What may be here at once; Infinity: no bound. */
export interface Bounds {
  /** Requests that wait, beside one at work for each slot. */
  maxQueue: number;
  /** Audio of those that wait: as long as there is less, a request is let in, however long it is. */
  maxQueueAudioMs: number;
  /** Requests of one owner, waiting or at work. */
  maxPerOwner: number;
  /** Their audio that is not transcribed yet; as above. */
  maxPerOwnerAudioMs: number;
}

/** Without bounds. */
export const UNBOUNDED: Bounds = {
  maxQueue: Number.POSITIVE_INFINITY,
  maxQueueAudioMs: Number.POSITIVE_INFINITY,
  maxPerOwner: Number.POSITIVE_INFINITY,
  maxPerOwnerAudioMs: Number.POSITIVE_INFINITY,
};

/** A request at the door. */
export interface Arrival {
  /** Whose turns it takes: a key, or all without keys together. */
  owner: string;
  /** By what a client that was told to come back is known again. */
  who: string;
  /** Of its upload, as its headers say. */
  bytes?: number | undefined;
}

/** What is known of a recording that is here. */
export interface ArrivedRecording {
  /** Of the model that it is for. */
  speed: Speed;
  /** Time until that model is loaded, in milliseconds; default: it is. */
  untilLoadedMs?: () => number;
  /** undefined: not known. */
  bytes?: number | undefined;
  /** Default: none. */
  deadlineMs?: number | undefined;
}

/** A request that has been let in; it counts until it leaves. */
export interface Place {
  readonly ticket: Ticket;
  /** Its recording is here: from now on it stands in line. */
  arrived(recording: ArrivedRecording): void;
  /** Time until its first window is in a slot, in milliseconds: by measured speed, and by those before it in the fair order. */
  readonly expectedWaitMs: number;
  /** Makes room for others while the request is served elsewhere; its place may be taken meanwhile. */
  stepAside(): void;
  /** Comes back behind the last, whether there is room or not: it has been let in once. */
  stepBack(): void;
  leave(): void;
}

/** A request that is not let in. */
export interface Refusal {
  /** Whether only its owner has too much here. */
  isOwnersOwn: boolean;
  /** What the client is told. Each time it is asked for a client is promised a place. */
  toError(): SottoError;
}

interface Member {
  ticket: Ticket;
  isHere: boolean;
}

type BoundName = keyof Bounds;

/**
 * Added to the time that is thought to pass, for no estimate is exact. It grows with each promise that could not be kept and
 * shrinks with each that was, so that in the long run one in twenty is not.
 */
const PROMISE_MARGIN = { first: 1.25, least: 1.1, most: 3, ofBroken: 0.0475, ofKept: 0.0025 };
/**
 * Of the waiting places so many are never held free for those who were told to come back: they may not come. Few, for whoever comes
 * unasked into a free place takes it from those that were told of it, and makes what they were told too late.
 */
const UNPROMISED_SHARE = 0.25;
/** Of all places so many are promised for the same moment at most: somebody else may come then, too. */
const TOLD_SHARE = 0.8;
/** So much of a second is no reason to be told a whole one more. */
const ROUNDED_DOWN_SEC = 0.15;
/** Before a model is known. */
const FIRST_WINDOW_MS = 1000;
/** Many may be refused at once: what was rehearsed for one holds for the next for so long. */
const REHEARSED_FOR_MS = 250;

export interface AdmissionParts {
  slots: number;
  /** Recordings that ffmpeg decodes side by side; default: one. */
  lanes?: number;
  bounds: Bounds;
  turns: Pick<Turns, "settle">;
  /** In milliseconds; never goes back. The clock of the turns. */
  now?: () => number;
}

/** Lets requests in, or says when to come back. */
export class Admission {
  readonly #slots: number;
  readonly #bounds: Bounds;
  readonly #turns: Pick<Turns, "settle">;
  readonly #now: () => number;
  /** In the order they came. */
  readonly #members = new Set<Member>();
  readonly #rate = new ByteRate();
  readonly #intake: Intake;
  #speed = new Speed(FIRST_WINDOW_MS);
  #order = 0;
  /** By what was full: for one owner, or for all. */
  readonly #promises = new Map<string, Promises>();
  #promiseMargin = PROMISE_MARGIN.first;
  readonly #rehearsed = new Map<string, { atMs: number; ends: number[] }>();

  constructor({ slots, lanes = 1, bounds, turns, now = () => performance.now() }: AdmissionParts) {
    this.#slots = slots;
    this.#intake = new Intake(lanes);
    this.#bounds = bounds;
    this.#turns = turns;
    this.#now = now;
  }

  /** Requests inside, at work or waiting. */
  get inside(): number {
    return this.#members.size;
  }

  /** Of those inside: how many have no window in a slot, and the audio that no window has been taken of. */
  get waiting(): { requests: number; audioMs: number } {
    const tickets = [...this.#members].map(({ ticket }) => ticket);
    const requests = tickets.filter(({ running }) => running.size === 0).length;
    return { requests, audioMs: tickets.reduce((sum, { audio }) => sum + audio.leftMs, 0) };
  }

  /** A ticket for work that nobody had to be let in for. */
  ticket(owner: string): Ticket {
    const onBegin = () => {
      this.#intake.began(this.#now(), this.#line().length, ticket.decodingMs);
    };
    const ticket = new Ticket(owner, this.#order++, { rate: this.#rate, speed: this.#speed, onBegin });
    return ticket;
  }

  enter(arrival: Arrival): Place | Refusal {
    const full = this.#boundReached(arrival);
    if (full) {
      return { isOwnersOwn: isOwners(full), toError: () => this.#refuse(arrival, full) };
    }
    const ticket = this.ticket(arrival.owner);
    if (arrival.bytes !== undefined) ticket.audio.guessFrom(arrival.bytes);
    return this.#seat({ ticket, isHere: false });
  }

  #seat(member: Member): Place {
    const { ticket } = member;
    let hasLeft = false;
    this.#members.add(member);
    const expectedWaitMs = () => this.#expectedWaitMs(member);
    return {
      ticket,
      arrived: ({ speed, untilLoadedMs = () => 0, bytes, deadlineMs = Number.POSITIVE_INFINITY }) => {
        member.isHere = true;
        ticket.order = this.#order++;
        ticket.speed = this.#speed = speed;
        ticket.untilLoadedMs = untilLoadedMs;
        ticket.deadlineMs = deadlineMs;
        // One that waits for its model says nothing of the others' pace.
        if (untilLoadedMs() === 0) ticket.hereMs = this.#now();
        if (bytes !== undefined) ticket.audio.guessFrom(bytes);
      },
      get expectedWaitMs() {
        return expectedWaitMs();
      },
      stepAside: () => void this.#members.delete(member),
      stepBack: () => {
        if (hasLeft) return;
        ticket.order = this.#order++;
        this.#members.add(member);
      },
      leave: () => {
        hasLeft = true;
        this.#members.delete(member);
      },
    };
  }

  #expectedWaitMs(member: Member): number {
    const tickets = [...this.#members].filter(({ isHere }) => isHere).map(({ ticket }) => ticket);
    if (!tickets.includes(member.ticket)) tickets.push(member.ticket);
    this.#turns.settle();
    const bySlotsMs = new Rehearsal(this.#slots, tickets, this.#now()).untilTurnOf(member.ticket);
    return Math.max(bySlotsMs, this.#intake.untilBegun(this.#ahead(member.ticket)));
  }

  /** Those whose recordings are here, and of which no window has been in a slot. */
  #line(): Ticket[] {
    return [...this.#members].filter(({ isHere, ticket }) => isHere && !ticket.hasBegun).map(({ ticket }) => ticket);
  }

  #ahead({ owner, order }: Ticket): number {
    const line = this.#line();
    const others = new Map<string, number>();
    for (const ticket of line) {
      if (ticket.owner !== owner) others.set(ticket.owner, (others.get(ticket.owner) ?? 0) + 1);
    }
    const earlier = line.filter((ticket) => ticket.owner === owner && ticket.order < order).length;
    return aheadInTurns(earlier, others.values());
  }

  /** @returns the bound that keeps this request out */
  #boundReached({ owner, who }: Arrival): BoundName | undefined {
    const { maxQueue, maxQueueAudioMs, maxPerOwner, maxPerOwnerAudioMs } = this.#bounds;
    const nowMs = this.#now();
    const tickets = [...this.#members].map(({ ticket }) => ticket);
    const own = tickets.filter((ticket) => ticket.owner === owner);
    const limit = this.#slots + maxQueue;
    const audioMs = (of: readonly Ticket[]) => of.reduce((sum, { audio }) => sum + audio.leftMs, 0);
    if (own.length >= maxPerOwner) return "maxPerOwner";
    if (audioMs(own) >= maxPerOwnerAudioMs) return "maxPerOwnerAudioMs";
    if (tickets.length >= limit) return "maxQueue";
    if (audioMs(tickets.slice(this.#slots)) >= maxQueueAudioMs) return "maxQueueAudioMs";
    const due = [owner, ""].flatMap((scope) => this.#promises.get(scope)?.take(who, nowMs) ?? []);
    if (due[0]) {
      this.#learnFromPromise(due[0], true);
      return undefined;
    }
    const promises = this.#promises.get("");
    if (!promises) return undefined;
    const isPromised = tickets.length + promises.open(nowMs) >= limit;
    return isPromised && tickets.length >= this.#slots + UNPROMISED_SHARE * maxQueue ? "maxQueue" : undefined;
  }

  #refuse({ owner, who, bytes = 0 }: Arrival, full: BoundName): SottoError {
    const nowMs = this.#now();
    const scope = isOwners(full) ? owner : "";
    const promises = this.#promisesOf(scope);
    // Who came when he was told to, and in vain, need not stand at the end of the line again. Nor at its head: too much was
    // promised to those who come next, too.
    const broken = promises.take(who, nowMs);
    if (broken) this.#learnFromPromise(broken, false);
    const before = promises.open(nowMs) / (broken ? 2 : 1);
    const isAudio = full === "maxQueueAudioMs" || full === "maxPerOwnerAudioMs";
    const freeInMs = isAudio
      ? this.#untilAudio(full, owner, before * this.#rate.lengthMs(bytes))
      : this.#untilPlace(full, owner, before);
    const toldSec = (freeInMs * this.#promiseMargin) / 1000;
    const wantedMs = nowMs + 1000 * Math.max(1, Math.ceil(toldSec - ROUNDED_DOWN_SEC));
    const retryAfterSec = Math.round((promises.firstRoom(wantedMs, this.#promisedAtOnce(full)) - nowMs) / 1000);
    promises.make(who, 1000 * retryAfterSec, { nowMs, isFounded: isAudio || this.#intake.isMeasured });
    const limit = isAudio ? this.#bounds[full] / 1000 : this.#bounds[full];
    return sottoError("queue_full", { limit, what: WHAT[full], retryAfterSec }, { retryAfterSec });
  }

  /** How many may be told to come within the same second: no more than there are places, or than leave meanwhile. */
  #promisedAtOnce(full: BoundName): number {
    const leaving = isOwners(full) ? Number.POSITIVE_INFINITY : 1000 / this.#intake.untilBegun(1);
    return Math.max(1, Math.floor(Math.min(TOLD_SHARE * this.#places(full), leaving)));
  }

  /** That a bound leaves to requests at once. */
  #places(bound: BoundName): number {
    return isOwners(bound) ? this.#bounds.maxPerOwner : this.#slots + this.#bounds.maxQueue;
  }

  /** What was told before anything was measured says nothing of how true it is now. */
  #learnFromPromise({ isFounded }: { isFounded: boolean }, wasKept: boolean): void {
    if (!isFounded) return;
    const { least, most, ofBroken, ofKept } = PROMISE_MARGIN;
    const margin = this.#promiseMargin + (wasKept ? -ofKept : ofBroken);
    this.#promiseMargin = Math.min(Math.max(margin, least), most);
  }

  #promisesOf(scope: string): Promises {
    for (const [other, promises] of this.#promises) if (promises.open(this.#now()) === 0) this.#promises.delete(other);
    const promises = this.#promises.get(scope) ?? new Promises();
    this.#promises.set(scope, promises);
    return promises;
  }

  /** @param before promises that come first: each is for one request that will have ended by then */
  #untilPlace(full: BoundName, owner: string, before: number): number {
    const nowMs = this.#now();
    const ofOwner = isOwners(full) ? owner : undefined;
    const here = [...this.#members].filter(({ ticket }) => ofOwner === undefined || ticket.owner === ofOwner).length;
    const limit = ofOwner === undefined ? this.#slots + this.#bounds.maxQueue : this.#bounds.maxPerOwner;
    // Places that are free are held for those before, and for what no estimate foresees: they bring nobody here earlier.
    const wanted = Math.max(0, here - limit) + 1 + Math.floor(before);
    const scope = ofOwner ?? "";
    let known = this.#rehearsed.get(scope);
    if (!known || nowMs - known.atMs > REHEARSED_FOR_MS || known.ends.length < Math.min(wanted, here)) {
      this.#turns.settle();
      const tickets = [...this.#members].map(({ ticket }) => ticket);
      const ends = new Rehearsal(this.#slots, tickets, nowMs).ends(2 * Math.max(8, wanted), ofOwner);
      known = { atMs: nowMs, ends };
      this.#rehearsed.clear();
      this.#rehearsed.set(scope, known);
    }
    const { ends, atMs } = known;
    const last = ends.at(-1) ?? 0;
    // Those who come in the place of the ones that are here take as long as these.
    const rounds = ends.length === 0 ? 0 : Math.floor(Math.max(0, wanted - 1) / ends.length);
    const within = ends[Math.max(0, wanted - 1) % Math.max(1, ends.length)] ?? last;
    const bySlotsMs = Math.max(0, atMs + rounds * last + within - nowMs);
    // As many leave as begin.
    return ofOwner === undefined ? Math.max(bySlotsMs, this.#intake.untilBegun(wanted)) : bySlotsMs;
  }

  #untilAudio(full: "maxQueueAudioMs" | "maxPerOwnerAudioMs", owner: string, beforeMs: number): number {
    this.#turns.settle();
    const tickets = [...this.#members].map(({ ticket }) => ticket);
    const counted = isOwners(full) ? tickets.filter((ticket) => ticket.owner === owner) : tickets.slice(this.#slots);
    const limitMs = Math.max(1, this.#bounds[full] - beforeMs);
    return new Rehearsal(this.#slots, tickets, this.#now()).untilAudio(
      (leftMs) => counted.reduce((sum, ticket) => sum + (leftMs.get(ticket) ?? 0), 0) < limitMs,
    );
  }
}

function isOwners(bound: BoundName): boolean {
  return bound === "maxPerOwner" || bound === "maxPerOwnerAudioMs";
}

/** As the client reads it. */
const WHAT: Record<BoundName, string> = {
  maxQueue: "waiting requests",
  maxQueueAudioMs: "seconds of waiting audio",
  maxPerOwner: "requests of one key",
  maxPerOwnerAudioMs: "seconds of audio of one key",
};
