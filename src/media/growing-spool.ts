import { stat } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { BYTES_PER_SAMPLE, type GrowingSpool, type Spool, type SpoolState, samplesToMs } from "../core/audio.js";

/** How often a file is looked at that does not say when it grows. ffmpeg decodes minutes in that time. */
const LOOK_EVERY_MS = 40;

/** The spool of a recording that ffmpeg is decoding. */
export class DecodingSpool implements GrowingSpool {
  readonly path: string;
  /** Of the decoding. */
  readonly ended: Promise<Spool>;
  #whole: Spool | undefined;

  constructor(path: string, ended: Promise<Spool>) {
    this.path = path;
    this.ended = ended;
    ended.then(
      (spool) => {
        this.#whole = spool;
      },
      () => {},
    );
  }

  /** undefined while it is being decoded. */
  get durationMs(): number | undefined {
    return this.#whole && samplesToMs(this.#whole.sampleCount);
  }

  async growBeyond(sampleCount: number): Promise<SpoolState> {
    for (;;) {
      const state = await this.#state();
      if (state.isWhole || state.sampleCount > sampleCount) return state;
      const timer = new AbortController();
      const later = sleep(LOOK_EVERY_MS, undefined, { signal: timer.signal }).catch(() => {});
      await Promise.race([this.ended, later]).finally(() => timer.abort());
    }
  }

  async #state(): Promise<SpoolState> {
    // Looked at first: it is whole only if it was so before.
    const whole = this.#whole;
    if (whole) return { sampleCount: whole.sampleCount, isWhole: true };
    const bytes = (await stat(this.path).catch(() => undefined))?.size ?? 0;
    return { sampleCount: Math.floor(bytes / BYTES_PER_SAMPLE), isWhole: false };
  }
}
