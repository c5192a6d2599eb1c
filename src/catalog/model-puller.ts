import { statfs } from "node:fs/promises";
import { abortable } from "../core/abortable.js";
import { SottoError } from "../core/errors.js";
import { type CatalogEntry, catalog, catalogEntry } from "./catalog.js";
import { isModelId } from "./model-id.js";
import { type PullOptions, pullModel } from "./pull.js";
import { modelStorageFull } from "./storage-full.js";

export interface ModelPullerOptions {
  /** Where models lie. */
  folder: string;
  /** URL prefix or folder of a mirror, which may have models that no catalog knows; default: where the catalog says. */
  source: string | undefined;
  /** Space that a pull leaves free on the disk. */
  reserveBytes: number;
  /** Gets a line for the operator. */
  note: (line: string) => void;
  now?: () => number;
  pull?: typeof pullModel;
}

/** A model that could not be pulled is not asked for again before. */
const FAILED_MS = 60_000;
/** Names that clients made up need not be remembered for ever. */
const MAX_FAILED = 1000;
/** The operator hears of each tenth. */
const NOTE_EVERY = 0.1;

/**
 * Pulls models that requests name and that are not here (`--allow-pull`): each once, however many requests wait for it, and
 * one at a time, so that no two of them take the same space. A client that leaves does not end what others may wait for.
 */
export class ModelPuller {
  readonly #options: ModelPullerOptions;
  readonly #now: () => number;
  readonly #pulls = new Map<string, Promise<void>>();
  readonly #failed = new Map<string, { untilMs: number; error: SottoError | undefined }>();
  readonly #stop = new AbortController();
  #last: Promise<void> = Promise.resolve();

  constructor(options: ModelPullerOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  /** Whether there is such a model, as far as that is known before it is asked for. */
  knows(id: string): boolean {
    const entry = catalogEntry(id);
    return entry ? !entry.bundled : this.#options.source !== undefined && isModelId(id);
  }

  /** Models that a request may name though they are not here. */
  available(installed: readonly { id: string }[]): CatalogEntry[] {
    return catalog().filter(({ id, bundled }) => !bundled && !installed.some((model) => model.id === id));
  }

  /**
   * Waits until the model is here.
   * @returns false when it cannot be pulled; the operator has been told why
   * @throws SottoError `storage_full`; the signal's reason when it aborts, and the pull goes on
   */
  async fetch(id: string, signal: AbortSignal): Promise<boolean> {
    const failed = this.#failed.get(id);
    if (failed && this.#now() < failed.untilMs) {
      if (failed.error) throw failed.error;
      return false;
    }
    const pull = this.#pulls.get(id) ?? this.#begin(id);
    await abortable(pull, signal);
    const end = this.#failed.get(id);
    if (end?.error) throw end.error;
    return end === undefined;
  }

  /** Ends what is under way; what has come of it is used by the next pull. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#last;
  }

  /** Never rejects: how it ended is in `#failed`. */
  #begin(id: string): Promise<void> {
    const pull = this.#last.then(() => this.#pull(id)).finally(() => this.#pulls.delete(id));
    this.#pulls.set(id, pull);
    this.#last = pull;
    return pull;
  }

  async #pull(id: string): Promise<void> {
    const { folder, source, note, pull = pullModel } = this.#options;
    try {
      this.#stop.signal.throwIfAborted();
      await this.#demandReserve(catalogEntry(id)?.bytes ?? 0);
      note(`the model ${id} is asked for and pulled`);
      const options: PullOptions = { id, folder, source, signal: this.#stop.signal, onProgress: this.#progress(id) };
      await pull(options);
      this.#failed.delete(id);
      note(`the model ${id} is here`);
    } catch (error) {
      if (this.#failed.size >= MAX_FAILED) this.#failed.clear();
      const isFull = error instanceof SottoError && error.code === "storage_full";
      this.#failed.set(id, { untilMs: this.#now() + FAILED_MS, error: isFull ? error : undefined });
      // Where it was looked for is the operator's business: a mirror's URL may hold a password.
      note(`the model ${id} could not be pulled: ${(error as Error).message}`);
    }
  }

  #progress(id: string): PullOptions["onProgress"] & object {
    let told = 0;
    return ({ phase, bytes, totalBytes }) => {
      const part = totalBytes ? bytes / totalBytes : 0;
      if (phase !== "transfer" || part >= 1 || part < told + NOTE_EVERY) return;
      told = Math.floor(part / NOTE_EVERY) * NOTE_EVERY;
      this.#options.note(`the model ${id}: ${Math.round(told * 100)} %`);
    };
  }

  async #demandReserve(bytes: number): Promise<void> {
    const { folder, reserveBytes } = this.#options;
    const free = await statfs(folder).then(
      ({ bavail, bsize }) => bavail * bsize,
      () => Number.POSITIVE_INFINITY, // not made yet
    );
    if (free - bytes < reserveBytes) throw modelStorageFull();
  }
}
