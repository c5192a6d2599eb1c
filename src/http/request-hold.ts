import type { SpoolFolder, WorkFolder } from "../media/spool.js";
import type { Place } from "../schedule/admission.js";
import type { Scheduler } from "../schedule/scheduler.js";

/** What a request has while it is read and worked on: a place among those let in, and a folder. */
export class RequestHold {
  readonly #place: Place;
  readonly #work: WorkFolder;
  #isServed = false;

  private constructor(place: Place, work: WorkFolder) {
    this.#place = place;
    this.#work = work;
  }

  /** @throws SottoError `queue_full`, `storage_full` */
  static async take({ scheduler, spoolFolder }: { scheduler: Scheduler; spoolFolder: SpoolFolder }) {
    const place = scheduler.admit();
    try {
      return new RequestHold(place, await spoolFolder.open());
    } catch (error) {
      place.withdraw();
      throw error;
    }
  }

  get folder(): string {
    return this.#work.path;
  }

  /** From here on it counts as one of those by which waits are estimated. */
  serve(): void {
    this.#isServed = true;
  }

  /** Gives both back; may be called again. */
  async release(): Promise<void> {
    await this.#work.remove();
    if (this.#isServed) this.#place.leave();
    else this.#place.withdraw();
  }
}
