import { stat } from "node:fs/promises";
import { BYTES_PER_SAMPLE, type GrowingSpool, type Spool, type SpoolState, samplesToMs } from "../core/audio.js";

/** How soon a file that does not say when it grows is looked at again: soon, and ever later. ffmpeg decodes minutes in the longest. */
const LOOK_AGAIN_MS = { first: 10, most: 40 };

/** The spool of a recording that ffmpeg is decoding. */
export class DecodingSpool implements GrowingSpool {
  /** Of the decoding. */
  readonly ended: Promise<Spool>;
  #whole: Spool | undefined;
  #failure: { reason: unknown } | undefined;
  readonly #waiting = new Set<() => void>();

  /** Where ffmpeg writes. */
  readonly #path: string;
  readonly #onLook: (sampleCount: number) => void;

  /**
   * @param path where it is being written, unless it ends somewhere else
   * @param onLook told how much there is, whenever somebody looks
   */
  constructor(path: string, ended: Promise<Spool>, onLook: (sampleCount: number) => void = () => {}) {
    this.#path = path;
    this.#onLook = onLook;
    this.ended = ended;
    const wake = () => {
      for (const settle of [...this.#waiting]) settle();
    };
    ended.then(
      (spool) => {
        this.#whole = spool;
        wake();
      },
      (reason) => {
        this.#failure = { reason };
        wake();
      },
    );
  }

  get path(): string {
    return this.#whole?.path ?? this.#path;
  }

  get firstByte(): number {
    return this.#whole?.firstByte ?? 0;
  }

  /** undefined while it is being decoded. */
  get durationMs(): number | undefined {
    return this.#whole && samplesToMs(this.#whole.sampleCount);
  }

  async growBeyond(sampleCount: number): Promise<SpoolState> {
    for (let waitMs = LOOK_AGAIN_MS.first; ; waitMs = Math.min(2 * waitMs, LOOK_AGAIN_MS.most)) {
      const state = await this.#state();
      if (state.isWhole || state.sampleCount > sampleCount) return state;
      await this.#endOrLater(waitMs);
    }
  }

  /** Not a race of promises: each would leave a reaction on the one that lives as long as the decoding. */
  #endOrLater(waitMs: number): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure.reason);
    return new Promise((resolve, reject) => {
      const settle = () => {
        clearTimeout(timer);
        this.#waiting.delete(settle);
        if (this.#failure) reject(this.#failure.reason);
        else resolve();
      };
      const timer = setTimeout(settle, waitMs);
      this.#waiting.add(settle);
    });
  }

  async #state(): Promise<SpoolState> {
    // Looked at first: it is whole only if it was so before.
    const whole = this.#whole;
    if (whole) return { sampleCount: whole.sampleCount, isWhole: true };
    const bytes = (await stat(this.#path).catch(() => undefined))?.size ?? 0;
    const sampleCount = Math.floor(bytes / BYTES_PER_SAMPLE);
    this.#onLook(sampleCount);
    return { sampleCount, isWhole: false };
  }
}
