import { closeSync, openSync, readSync } from "node:fs";
import { BYTES_PER_SAMPLE, type SpoolPlace, type Stretch } from "../core/audio.js";

/**
 * Reads stretches of a spool into `pcm`, one behind the other.
 * @throws Error when the spool is shorter; the system's error when it cannot be read
 */
export function readStretches(
  { path, firstByte = 0 }: SpoolPlace,
  stretches: readonly Stretch[],
  pcm: Int16Array,
): void {
  const file = openSync(path, "r");
  let at = 0;
  try {
    for (const { firstSample, sampleCount } of stretches) {
      const part = pcm.subarray(at, at + sampleCount);
      const bytes = readSync(file, part, 0, part.byteLength, firstByte + firstSample * BYTES_PER_SAMPLE);
      const expected = sampleCount * BYTES_PER_SAMPLE;
      if (bytes !== expected) throw new Error(`expected ${expected} bytes of audio, but ${bytes} came`);
      at += sampleCount;
    }
  } finally {
    closeSync(file);
  }
}
