import { type FileHandle, open } from "node:fs/promises";
import { abortable } from "../core/abortable.js";
import { BYTES_PER_SAMPLE, type GrowingSpool } from "../core/audio.js";

/** Reads stretches of a spool that may still grow, into one buffer that is used again and again. */
export class SpoolReader implements AsyncDisposable {
  readonly #spool: GrowingSpool;
  readonly #signal: AbortSignal;
  #file: FileHandle | undefined;
  #buffer = new Int16Array(0);

  constructor(spool: GrowingSpool, signal: AbortSignal) {
    this.#spool = spool;
    this.#signal = signal;
  }

  /**
   * Reads the next samples, as many as there are: whole multiples of `unit`, but for the recording's end.
   * @returns the samples, until the next call; none at the end
   * @throws the signal's reason; whatever ended the decoding
   */
  async next(firstSample: number, mostSamples: number, unit: number): Promise<Int16Array> {
    const state = await abortable(this.#spool.growBeyond(firstSample + unit - 1), this.#signal);
    const available = Math.min(state.sampleCount - firstSample, mostSamples);
    const count = state.isWhole ? available : available - (available % unit);
    return this.read(firstSample, Math.max(0, count));
  }

  /** Reads samples that are there. @returns them, until the next call */
  async read(firstSample: number, sampleCount: number): Promise<Int16Array> {
    this.#signal.throwIfAborted();
    if (sampleCount === 0) return this.#buffer.subarray(0, 0);
    if (this.#buffer.length < sampleCount) this.#buffer = new Int16Array(sampleCount);
    this.#file ??= await open(this.#spool.path, "r");
    const bytes = new Uint8Array(this.#buffer.buffer, 0, sampleCount * BYTES_PER_SAMPLE);
    for (let done = 0; done < bytes.length; ) {
      const position = (this.#spool.firstByte ?? 0) + firstSample * BYTES_PER_SAMPLE + done;
      const { bytesRead } = await this.#file.read(bytes, done, bytes.length - done, position);
      if (bytesRead === 0) throw new Error("the spool is shorter than its sample count says");
      done += bytesRead;
    }
    return this.#buffer.subarray(0, sampleCount);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
  }
}
