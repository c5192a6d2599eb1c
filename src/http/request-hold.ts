import { SottoError } from "../core/errors.js";
import type { SpoolFolder, WorkFolder } from "../media/spool.js";
import type { Overflow } from "../remote/overflow.js";
import type { Place } from "../schedule/admission.js";
import type { Scheduler } from "../schedule/scheduler.js";

interface HoldParts {
  scheduler: Scheduler;
  spoolFolder: SpoolFolder;
  /** undefined: the request may not go to a remote provider. */
  overflow: Overflow | undefined;
}

/** What a request has while it is read and worked on: a place among those let in, or the right to look for one elsewhere, and a folder. */
export class RequestHold {
  readonly #scheduler: Scheduler;
  readonly #work: WorkFolder;
  #standing: Standing;
  #isServed = false;

  private constructor(scheduler: Scheduler, standing: Standing, work: WorkFolder) {
    this.#scheduler = scheduler;
    this.#standing = standing;
    this.#work = work;
  }

  /** @throws SottoError `queue_full` when there is no place and no provider has room either, `storage_full` */
  static async take({ scheduler, spoolFolder, overflow }: HoldParts): Promise<RequestHold> {
    const standing = stand(scheduler, overflow);
    try {
      return new RequestHold(scheduler, standing, await spoolFolder.open());
    } catch (error) {
      if ("place" in standing) standing.place.withdraw();
      else standing.giveBack();
      throw error;
    }
  }

  get folder(): string {
    return this.#work.path;
  }

  /** See {@link Place}; for ever where there is no place. */
  get expectedWaitMs(): number {
    return "place" in this.#standing ? this.#standing.place.expectedWaitMs : Number.POSITIVE_INFINITY;
  }

  /**
   * Looks again for a place, where there was none.
   * @returns `queue_full` as the client may hear it; undefined once there is a place
   */
  refusal(): SottoError | undefined {
    if ("place" in this.#standing) return undefined;
    const { giveBack } = this.#standing;
    try {
      this.#standing = { place: this.#scheduler.admit() };
      giveBack();
      return undefined;
    } catch (error) {
      if (!isFull(error)) throw error;
      return error;
    }
  }

  /** Leaves its place to others while it is served elsewhere. */
  stepAside(): void {
    if ("place" in this.#standing) this.#standing.place.stepAside();
  }

  stepBack(): void {
    if ("place" in this.#standing) this.#standing.place.stepBack();
  }

  /** From here on it counts as one of those by which waits are estimated. */
  serve(): void {
    this.#isServed = true;
  }

  /** Gives all back; may be called again. */
  async release(): Promise<void> {
    await this.#work.remove();
    if (!("place" in this.#standing)) this.#standing.giveBack();
    else if (this.#isServed) this.#standing.place.leave();
    else this.#standing.place.withdraw();
  }
}

/** A place here, or the right to look for one elsewhere. */
type Standing = { place: Place } | { giveBack: () => void };

function stand(scheduler: Scheduler, overflow: Overflow | undefined): Standing {
  try {
    return { place: scheduler.admit() };
  } catch (error) {
    const giveBack = isFull(error) ? overflow?.claim() : undefined;
    if (!giveBack) throw error;
    return { giveBack };
  }
}

function isFull(error: unknown): error is SottoError {
  return error instanceof SottoError && error.code === "queue_full";
}
