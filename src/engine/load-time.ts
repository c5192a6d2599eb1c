/** Before the first load: of the process and the addon, and for each megabyte of the file, which is read and packed. */
const FIRST_START_MS = 300;
const FIRST_MS_PER_MB = 3;
/** Weight of the newest load: whether the file is in the system's cache makes more difference than chance does. */
const NEWEST_WEIGHT = 0.5;
/** One that takes longer than it was thought to may end at any moment: in the middle as late again as it is now. */
const LATE_SHARE = 0.1;

/** How long a model takes to load, learnt from its loads. Outlives the engine's processes. */
export class LoadTime {
  readonly #now: () => number;
  #expectedMs: number;
  #beganMs: number | undefined;

  constructor({ bytes }: { bytes: number }, now: () => number = () => performance.now()) {
    this.#now = now;
    this.#expectedMs = FIRST_START_MS + FIRST_MS_PER_MB * (bytes / 1e6);
  }

  began(): void {
    this.#beganMs = this.#now();
  }

  /** @param isLoaded whether it came to its end, and so says how long one takes */
  ended(isLoaded: boolean): void {
    if (this.#beganMs !== undefined && isLoaded) {
      this.#expectedMs += NEWEST_WEIGHT * (this.#now() - this.#beganMs - this.#expectedMs);
    }
    this.#beganMs = undefined;
  }

  /** Of the load that is under way, or of one that would begin now. */
  get leftMs(): number {
    const elapsedMs = this.#beganMs === undefined ? 0 : this.#now() - this.#beganMs;
    return Math.max(this.#expectedMs - elapsedMs, LATE_SHARE * elapsedMs);
  }
}
