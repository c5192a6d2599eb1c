/** Of a voice in a common format, before any upload has shown what comes here. */
const FIRST_BYTES_PER_MS = 16;
/** Weight of the newest recording; of logarithms, for formats differ by factors. */
const NEWEST_WEIGHT = 0.2;

/** What a file's size says of its length, learnt from the recordings that came. */
export class ByteRate {
  #logBytesPerMs = Math.log(FIRST_BYTES_PER_MS);

  lengthMs(bytes: number): number {
    return bytes / Math.exp(this.#logBytesPerMs);
  }

  learn(bytes: number, lengthMs: number): void {
    if (bytes <= 0 || lengthMs <= 0) return;
    this.#logBytesPerMs += NEWEST_WEIGHT * (Math.log(bytes / lengthMs) - this.#logBytesPerMs);
  }
}

/** How long a request's audio is, and how much of it no window has been taken of. A guess until ffmpeg is done. */
export class AudioLength {
  readonly #rate: ByteRate;
  #bytes: number | undefined;
  #decodedMs = 0;
  #wholeMs: number | undefined;
  #takenMs = 0;

  constructor(rate: ByteRate) {
    this.#rate = rate;
  }

  /** Of the upload, or what its headers say. */
  guessFrom(bytes: number): void {
    this.#bytes = bytes;
  }

  /** @param decodedMs so much there is at least */
  grew(decodedMs: number): void {
    this.#decodedMs = Math.max(this.#decodedMs, decodedMs);
  }

  ended(wholeMs: number): void {
    this.#wholeMs = wholeMs;
    if (this.#bytes !== undefined) this.#rate.learn(this.#bytes, wholeMs);
  }

  /** A window has been taken that ends there. */
  take(endMs: number): void {
    this.grew(endMs);
    this.#takenMs = Math.max(this.#takenMs, endMs);
  }

  /** So much there is at least. */
  get decodedMs(): number {
    return this.#decodedMs;
  }

  get isKnown(): boolean {
    return this.#wholeMs !== undefined;
  }

  get totalMs(): number {
    const guessMs = this.#bytes === undefined ? 0 : this.#rate.lengthMs(this.#bytes);
    return this.#wholeMs ?? Math.max(guessMs, this.#decodedMs);
  }

  get takenMs(): number {
    return this.#takenMs;
  }

  get leftMs(): number {
    return Math.max(0, this.totalMs - this.#takenMs);
  }
}
