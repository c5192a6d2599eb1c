import { stat } from "node:fs/promises";
import type { SpoolFolder, WorkFolder } from "../media/spool.js";
import type { Overflow } from "../remote/overflow.js";
import type { Arrival, ArrivedRecording, Place, Refusal } from "../schedule/admission.js";
import type { EngineModel } from "../schedule/resident-engines.js";
import type { Scheduler } from "../schedule/scheduler.js";
import type { Ticket } from "../schedule/ticket.js";

interface HoldParts {
  scheduler: Scheduler;
  spoolFolder: SpoolFolder;
  /** undefined: the request may not go to a remote provider. */
  overflow: Overflow | undefined;
  arrival: Arrival;
}

/** What a request has while it is read and worked on: a place among those let in, or the right to look for one elsewhere, and a folder. */
export class RequestHold {
  /** On the clock of `performance.now`. */
  deadlineMs = Number.POSITIVE_INFINITY;
  readonly #scheduler: Scheduler;
  readonly #arrival: Arrival;
  readonly #work: WorkFolder;
  #standing: Standing;
  #recording: ArrivedRecording | undefined;

  private constructor({ scheduler, arrival }: HoldParts, standing: Standing, work: WorkFolder) {
    this.#scheduler = scheduler;
    this.#arrival = arrival;
    this.#standing = standing;
    this.#work = work;
  }

  /** @throws SottoError `queue_full` when there is no place and no provider has room either, `storage_full` */
  static async take(parts: HoldParts): Promise<RequestHold> {
    const standing = stand(parts);
    try {
      return new RequestHold(parts, standing, await parts.spoolFolder.open());
    } catch (error) {
      if ("place" in standing) standing.place.leave();
      else standing.giveBack();
      throw error;
    }
  }

  get folder(): string {
    return this.#work.path;
  }

  /** The recording is here; it stands in line for this model, if it has a place. */
  async arrived(model: EngineModel, path: string): Promise<void> {
    // Who cannot read it will hear of that; how long it is matters less.
    const bytes = await stat(path).then(
      ({ size }) => size,
      () => undefined,
    );
    const speed = this.#scheduler.speedOf(model);
    const untilLoadedMs = () => this.#scheduler.untilLoadedMs(model);
    this.#recording = { speed, untilLoadedMs, bytes, deadlineMs: this.deadlineMs };
    if ("place" in this.#standing) this.#standing.place.arrived(this.#recording);
  }

  /** Its place in the order of turns; undefined: it has none. */
  get ticket(): Ticket | undefined {
    return "place" in this.#standing ? this.#standing.place.ticket : undefined;
  }

  /** See {@link Place}; for ever where there is no place. */
  get expectedWaitMs(): number {
    return "place" in this.#standing ? this.#standing.place.expectedWaitMs : Number.POSITIVE_INFINITY;
  }

  /** Looks again for a place, where there was none. @returns undefined once there is a place */
  refusal(): Refusal | undefined {
    if ("place" in this.#standing) return undefined;
    const entered = this.#scheduler.admit(this.#arrival);
    if ("toError" in entered) return entered;
    this.#standing.giveBack();
    this.#standing = { place: entered };
    if (this.#recording) entered.arrived(this.#recording);
    return undefined;
  }

  /** Has its model loaded for those to come: were it left as it is, all of them would go elsewhere too. */
  loadAhead(model: EngineModel): void {
    this.#scheduler.loadAhead(model);
  }

  /** Leaves its place to others while it is served elsewhere. */
  stepAside(): void {
    if ("place" in this.#standing) this.#standing.place.stepAside();
  }

  stepBack(): void {
    if ("place" in this.#standing) this.#standing.place.stepBack();
  }

  /** Gives all back; may be called again. */
  async release(): Promise<void> {
    await this.#work.remove();
    if ("place" in this.#standing) this.#standing.place.leave();
    else this.#standing.giveBack();
  }
}

/** A place here, or the right to look for one elsewhere. */
type Standing = { place: Place } | { giveBack: () => void };

function stand({ scheduler, overflow, arrival }: HoldParts): Standing {
  const entered = scheduler.admit(arrival);
  if (!("toError" in entered)) return { place: entered };
  // A key that has too much here is not helped by sending more of it elsewhere.
  const giveBack = entered.isOwnersOwn ? undefined : overflow?.claim();
  if (!giveBack) throw entered.toError();
  return { giveBack };
}
