import { type FileHandle, open } from "node:fs/promises";
import { BYTES_PER_SAMPLE, SAMPLE_RATE, type Spool, WINDOW_MAX_SAMPLES, type Window } from "../core/audio.js";
import { FRAME_SAMPLES, framePowers, quietCut } from "./quiet-cut.js";

/** No window ends earlier for the sake of a pause. */
const EARLIEST_CUT_SAMPLES = 15 * SAMPLE_RATE;
/** A shorter last window gives Whisper too little to go by. */
const LAST_MIN_SAMPLES = SAMPLE_RATE;

/**
 * Divides a spool into windows of at most 30 s that cover it without gap or overlap. While more than 30 s remain, the
 * window ends in a pause between its 15th and its 30th second, if there is one. Memory does not grow with the length.
 * @throws the system's error when the spool cannot be read
 */
export async function planWindows(spool: Spool): Promise<Window[]> {
  const windows: Window[] = [];
  const file = await open(spool.path, "r");
  try {
    const reader = new RangeReader(file);
    let firstSample = 0;
    while (spool.sampleCount - firstSample > WINDOW_MAX_SAMPLES) {
      const earliest = firstSample + EARLIEST_CUT_SAMPLES;
      const latest = Math.min(firstSample + WINDOW_MAX_SAMPLES, spool.sampleCount - LAST_MIN_SAMPLES);
      const powers = framePowers(await reader.read(earliest, latest - earliest));
      const end = earliest + quietCut(powers) * FRAME_SAMPLES;
      windows.push({ firstSample, sampleCount: end - firstSample });
      firstSample = end;
    }
    if (spool.sampleCount > firstSample) windows.push({ firstSample, sampleCount: spool.sampleCount - firstSample });
  } finally {
    await file.close();
  }
  return windows;
}

/** Reads stretches of a spool into one buffer that is used again and again. */
class RangeReader {
  readonly #file: FileHandle;
  readonly #samples = new Int16Array(WINDOW_MAX_SAMPLES - EARLIEST_CUT_SAMPLES);

  constructor(file: FileHandle) {
    this.#file = file;
  }

  /** @returns the samples, until the next call */
  async read(firstSample: number, sampleCount: number): Promise<Int16Array> {
    const bytes = new Uint8Array(this.#samples.buffer, 0, sampleCount * BYTES_PER_SAMPLE);
    for (let done = 0; done < bytes.length; ) {
      const position = firstSample * BYTES_PER_SAMPLE + done;
      const { bytesRead } = await this.#file.read(bytes, done, bytes.length - done, position);
      if (bytesRead === 0) throw new Error("the spool is shorter than its sample count says");
      done += bytesRead;
    }
    return this.#samples.subarray(0, sampleCount);
  }
}
