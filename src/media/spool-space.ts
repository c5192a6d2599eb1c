import { statfs } from "node:fs/promises";
import { sottoError } from "../core/errors.js";

/** How long an answer of the disk's is good for at most. */
const ANSWER_MAX_AGE_MS = 60;
/** Nearer to the reserve it is good for no longer than what is left lasts at a gigabyte a second. */
const FASTEST_BYTES_PER_MS = 1e6;

/** Space that an upload will take; what of it has been written shows on the disk itself. */
export interface SpaceClaim extends Disposable {
  wrote(bytes: number): void;
}

/**
 * The free space of the disk that the spool lies on. Uploads that say how large they are claim theirs before any of them is
 * written, so that ten of them do not each take the same gigabyte for theirs; and whoever writes asks again as it goes.
 */
export class SpoolSpace {
  readonly #folder: string;
  readonly #reserveBytes: number;
  /** Of all uploads that are coming in. */
  #unwrittenBytes = 0;
  #answer: { askedMs: number; freeBytes: Promise<number> } | undefined;
  /** How long that answer is good for, once it is here. */
  #goodForMs = 0;

  /** @param reserveBytes what is left free */
  constructor(folder: string, reserveBytes: number) {
    this.#folder = folder;
    this.#reserveBytes = reserveBytes;
  }

  /**
   * What this process may still write on the disk, the reserve included; Infinity where the system does not say.
   */
  freeBytes(): Promise<number> {
    const nowMs = performance.now();
    if (!this.#answer || nowMs - this.#answer.askedMs > this.#goodForMs) {
      const freeBytes = statfs(this.#folder).then(
        ({ bavail, bsize }) => bavail * bsize,
        () => Number.POSITIVE_INFINITY,
      );
      this.#answer = { askedMs: nowMs, freeBytes };
      // Until it is here all wait for this one.
      this.#goodForMs = ANSWER_MAX_AGE_MS;
      void freeBytes.then((bytes) => {
        const leftMs = (bytes - this.#reserveBytes) / FASTEST_BYTES_PER_MS;
        this.#goodForMs = Math.min(Math.max(leftMs, 0), ANSWER_MAX_AGE_MS);
      });
    }
    return this.#answer.freeBytes;
  }

  /** @throws SottoError `storage_full` when it would not fit beside what others have claimed */
  async claim(bytes: number): Promise<SpaceClaim> {
    const freeBytes = await this.freeBytes();
    if (freeBytes - this.#unwrittenBytes - bytes < this.#reserveBytes) throw sottoError("storage_full", {});
    let left = bytes;
    this.#unwrittenBytes += left;
    const take = (taken: number) => {
      this.#unwrittenBytes -= taken;
      left -= taken;
    };
    return {
      wrote: (written) => take(Math.min(written, left)),
      [Symbol.dispose]: () => take(left),
    };
  }

  /**
   * For whoever writes, now and then.
   * @throws SottoError `storage_full` when nothing but the reserve is left
   */
  async demand(): Promise<void> {
    if ((await this.freeBytes()) < this.#reserveBytes) throw sottoError("storage_full", {});
  }
}
