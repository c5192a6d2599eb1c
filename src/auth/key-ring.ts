import type { KeyRecord } from "./key.js";
import { type KeyFile, parseKeys } from "./key-file.js";

/** How old the keys in memory may be: with the reading itself, a key is revoked within a second. */
const MAX_AGE_MS = 500;

export interface KeyRingOptions {
  file: Pick<KeyFile, "readText">;
  /** Told once when the file cannot be used, and once when it can again. */
  onTrouble: (line: string) => void;
  maxAgeMs?: number;
}

/**
 * The keys of a running server. It never opens by accident: when the file is gone, cut or unreadable the keys last read
 * stay valid, and where none were ever read but a file is there, none is.
 */
export class KeyRing {
  readonly #options: Required<KeyRingOptions>;
  /** undefined: there never was a file, so no key is needed. */
  #keys: readonly KeyRecord[] | undefined;
  #text: string | undefined;
  #reading: Promise<void> = Promise.resolve();
  #readStartedMs = Number.NEGATIVE_INFINITY;
  #trouble: string | undefined;

  private constructor(options: KeyRingOptions) {
    this.#options = { maxAgeMs: MAX_AGE_MS, ...options };
  }

  /** @throws KeyFileError when the file is damaged, or the system's error when it cannot be read: no start without it */
  static async open(options: KeyRingOptions): Promise<KeyRing> {
    const ring = new KeyRing(options);
    ring.#take(await options.file.readText());
    return ring;
  }

  /** The keys of this moment; undefined when none is needed. */
  async current(): Promise<readonly KeyRecord[] | undefined> {
    if (performance.now() - this.#readStartedMs >= this.#options.maxAgeMs) {
      this.#readStartedMs = performance.now();
      // One after the other, so that an old answer never replaces a newer one.
      this.#reading = this.#reading.then(() => this.#read());
    }
    await this.#reading;
    return this.#keys;
  }

  async #read(): Promise<void> {
    try {
      this.#take(await this.#options.file.readText());
      if (this.#trouble !== undefined) this.#options.onTrouble("the keys file can be read again");
      this.#trouble = undefined;
    } catch (error) {
      this.#keys ??= [];
      const { code, message } = error as NodeJS.ErrnoException;
      const reason = code === undefined ? message : `${code}; it must be readable for the user that the server runs as`;
      this.#report(`the keys file cannot be used, so the keys last read stay valid and no others: ${reason}`);
    }
  }

  #take(text: string | undefined): void {
    if (text === undefined) {
      if (this.#keys === undefined) return;
      throw new Error("It is gone. Restore it, or start the server again to do without keys.");
    }
    if (text === this.#text) return;
    this.#keys = parseKeys(text);
    this.#text = text;
  }

  #report(trouble: string): void {
    if (trouble !== this.#trouble) this.#options.onTrouble(trouble);
    this.#trouble = trouble;
  }
}
