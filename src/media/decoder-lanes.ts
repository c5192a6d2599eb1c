/** Longer recordings are decoded beside the others, not among them: ffmpeg takes seconds for them. */
const LONG_AUDIO_MS = 600_000;
/** What takes longer, whatever was expected, moves over to the long ones as soon as there is room. */
const LONG_RUN_MS = 2000;

/** How often a long one is asked whether it can make way. */
const ASK_EVERY_MS = 250;

/** A decoding that waits for its start. */
interface Job {
  owner: string;
  start(lane: Lane): void;
}

/** Decodings that run side by side; those that wait take turns between their owners. */
class Lane {
  readonly #jobs: Job[] = [];
  /** Owners, the one that was served last at the end. */
  readonly #owners: string[] = [];
  #free: number;
  readonly onFree: (() => void) | undefined;

  constructor(width: number, onFree?: () => void) {
    this.#free = width;
    this.onFree = onFree;
  }

  push(job: Job): void {
    this.#jobs.push(job);
    if (!this.#owners.includes(job.owner)) this.#owners.push(job.owner);
    this.#fill();
  }

  /** @returns false when it has started */
  drop(job: Job): boolean {
    const index = this.#jobs.indexOf(job);
    if (index >= 0) this.#jobs.splice(index, 1);
    return index >= 0;
  }

  /** Takes one that runs elsewhere, if there is room. */
  take(): boolean {
    if (this.#free === 0) return false;
    this.#free--;
    return true;
  }

  leave(): void {
    this.#free++;
    this.onFree?.();
    this.#fill();
  }

  #fill(): void {
    while (this.#free > 0) {
      const owner = this.#owners.find((name) => this.#jobs.some((job) => job.owner === name));
      const job = this.#jobs.find((one) => one.owner === owner);
      if (owner === undefined || !job) {
        this.#owners.length = 0;
        return;
      }
      this.#owners.splice(this.#owners.indexOf(owner), 1);
      this.#jobs.splice(this.#jobs.indexOf(job), 1);
      if (this.#jobs.some((one) => one.owner === owner)) this.#owners.push(owner);
      this.#free--;
      job.start(this);
    }
  }
}

/**
 * Bounds how many ffmpegs run: one per core for what is short, and as many for what is long, which run at a low priority as soon
 * as that is enough for them. So nobody's dictation waits until somebody's hours are decoded.
 */
export class DecoderLanes {
  /** Of those in the short lane that have turned out to be long. */
  readonly #misplaced = new Set<() => boolean>();
  readonly #short: Lane;
  readonly #long: Lane;
  readonly #longRunMs: number;

  constructor(cores: number, longRunMs = LONG_RUN_MS) {
    this.#short = new Lane(cores);
    this.#long = new Lane(cores, () => {
      for (const move of this.#misplaced) if (move()) return;
    });
    this.#longRunMs = longRunMs;
  }

  /**
   * Runs a decoding when there is room for it. One whose signal aborts before never runs.
   * @param expectedMs the recording's length, as far as is known
   * @param canMakeWay asked of the long ones now and then; default: they always can
   * @param decode gets a signal that aborts once it is to make way
   */
  run<Result>(
    { owner, expectedMs, canMakeWay = () => true }: { owner: string; expectedMs: number; canMakeWay?: () => boolean },
    signal: AbortSignal,
    decode: (makeWay: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const chosen = expectedMs > LONG_AUDIO_MS ? this.#long : this.#short;
      const job: Job = {
        owner,
        start: (started) => {
          signal.removeEventListener("abort", leave);
          let lane = started;
          const makeWay = new AbortController();
          let asking: NodeJS.Timeout | undefined;
          const ask = () => {
            if (!canMakeWay()) return;
            makeWay.abort();
            clearInterval(asking);
          };
          const becomeLong = () => {
            asking = setInterval(ask, ASK_EVERY_MS);
            ask();
          };
          const move = () => {
            if (!this.#long.take()) return false;
            this.#misplaced.delete(move);
            lane = this.#long;
            this.#short.leave();
            return true;
          };
          const becomeMisplaced = () => {
            becomeLong();
            if (!move()) this.#misplaced.add(move);
          };
          let timer: NodeJS.Timeout | undefined;
          if (lane === this.#long) becomeLong();
          else timer = setTimeout(becomeMisplaced, this.#longRunMs);
          decode(makeWay.signal)
            .then(resolve, reject)
            .finally(() => {
              clearTimeout(timer);
              clearInterval(asking);
              this.#misplaced.delete(move);
              lane.leave();
            });
        },
      };
      const leave = () => {
        if (chosen.drop(job)) reject(signal.reason);
      };
      signal.addEventListener("abort", leave, { once: true });
      chosen.push(job);
    });
  }
}
