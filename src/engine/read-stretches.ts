import { closeSync, openSync, readSync } from "node:fs";
import { BYTES_PER_SAMPLE, type Stretch } from "../core/audio.js";

/**
 * Reads stretches of a spool, one behind the other.
 * @param leastSamples what they lack of it is silence
 * @throws Error when the spool is shorter; the system's error when it cannot be read
 */
export function readStretches(spoolPath: string, stretches: readonly Stretch[], leastSamples = 0): Int16Array {
  const total = stretches.reduce((sum, { sampleCount }) => sum + sampleCount, 0);
  const pcm = new Int16Array(Math.max(total, leastSamples));
  const file = openSync(spoolPath, "r");
  let at = 0;
  try {
    for (const { firstSample, sampleCount } of stretches) {
      const part = pcm.subarray(at, at + sampleCount);
      const bytes = readSync(file, part, 0, part.byteLength, firstSample * BYTES_PER_SAMPLE);
      if (bytes !== part.byteLength) throw new Error(`expected ${part.byteLength} bytes of audio, but ${bytes} came`);
      at += sampleCount;
    }
  } finally {
    closeSync(file);
  }
  return pcm;
}
