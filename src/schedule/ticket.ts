import { SAMPLE_RATE, WINDOW_MAX_SAMPLES } from "../core/audio.js";
import { AudioLength, type ByteRate } from "./audio-length.js";
import type { Claim } from "./fair-order.js";
import type { Speed } from "./speed.js";

/** Most that a window holds. */
const WINDOW_MS = (1000 * WINDOW_MAX_SAMPLES) / SAMPLE_RATE;
/** How far windows of speech are apart before a request has shown it: they end in pauses. */
const FIRST_SPAN_MS = 28_000;
/** A shorter window is a recording's last, and what comes after it is silence (`plan/window-packer.ts`). */
const LEAST_WINDOW_MS = 10_000;
/** So much at the end is silence, most often. */
const LEAST_REST_MS = 3000;

/** A window that waits for a slot. */
export interface WaitingWindow {
  /** Of its audio. */
  audioMs: number;
  /** Where it ends in the recording. */
  endMs: number;
  start(): void;
}

/** A window in a slot. */
export interface RunningWindow {
  startedMs: number;
  expectedMs: number;
}

/** One request in the order of turns, from the moment it is let in. */
export class Ticket implements Claim {
  readonly owner: string;
  order: number;
  owedMs = 0;
  hadMs = 0;
  deadlineMs = Number.POSITIVE_INFINITY;
  /** When its recording was here; undefined: not yet, or its model was not loaded. */
  hereMs: number | undefined;
  /** When its first window waited for a slot. */
  readyMs: number | undefined;
  readonly audio: AudioLength;
  /** Of the model that it asks for, as far as that is known. */
  speed: Speed;
  /** Time until that model is loaded, in milliseconds. */
  untilLoadedMs: () => number = () => 0;
  readonly waiting: WaitingWindow[] = [];
  readonly running = new Set<RunningWindow>();
  readonly #onBegin: () => void;
  #taken = 0;

  /** @param onBegin called when its first window goes into a slot */
  constructor(
    owner: string,
    order: number,
    { rate, speed, onBegin = () => {} }: { rate: ByteRate; speed: Speed; onBegin?: () => void },
  ) {
    this.owner = owner;
    this.order = order;
    this.audio = new AudioLength(rate);
    this.speed = speed;
    this.#onBegin = onBegin;
  }

  /** From its recording to its first window, which ffmpeg takes most of; undefined: not known. */
  get decodingMs(): number | undefined {
    return this.hereMs === undefined || this.readyMs === undefined ? undefined : this.readyMs - this.hereMs;
  }

  /** Whether a window of it has been in a slot. */
  get hasBegun(): boolean {
    return this.#taken > 0;
  }

  /** Notes that a window goes into a slot. */
  take({ endMs, audioMs }: WaitingWindow): void {
    if (this.#taken++ === 0) this.#onBegin();
    const { isKnown, totalMs } = this.audio;
    const isRest = isKnown && (audioMs < LEAST_WINDOW_MS || totalMs - endMs < LEAST_REST_MS);
    this.audio.take(isRest ? totalMs : endMs);
  }

  /** Windows that are not in a slot yet, waiting or still to be planned. */
  get windowsLeft(): number {
    const { leftMs, takenMs, isKnown } = this.audio;
    const spanMs = this.#taken > 1 ? takenMs / this.#taken : FIRST_SPAN_MS;
    const planned = leftMs <= WINDOW_MS ? Math.sign(leftMs) : Math.ceil(leftMs / spanMs);
    return Math.max(this.waiting.length, planned, isKnown ? 0 : 1);
  }

  get isLast(): boolean {
    return this.waiting.length < 2 && this.audio.leftMs <= WINDOW_MS && this.audio.isKnown;
  }

  /** What one of its windows takes. */
  get windowMs(): number {
    return this.speed.windowMs(Math.min(this.audio.leftMs, FIRST_SPAN_MS));
  }

  get nextMs(): number {
    const [next] = this.waiting;
    return next ? this.speed.windowMs(next.audioMs) : this.windowMs;
  }

  get leftMs(): number {
    return this.windowsLeft * this.windowMs;
  }
}
