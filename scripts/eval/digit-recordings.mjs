import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";

/** @typedef {{ digit: number, path: string }} DigitRecording */

export const RATE_HZ = 16_000;
export const NAMES = "zero one two three four five six seven eight nine".split(" ");
/** Of the peak: what lies below it at either end of a recording is not the word. */
const AUDIBLE_SHARE = 0.02;
const PEAK = 0.5;

/**
 * Recordings of single spoken digits by speaker: `DIGIT_SPEAKER_NUMBER.wav`, as the Free Spoken Digit Dataset names them.
 * @param {string} folder @param {string} numbers such as `0-4`: only these
 * @returns {Map<string, DigitRecording[]>}
 */
export function digitRecordings(folder, numbers) {
  const [fromNumber = 0, toNumber = fromNumber] = numbers.split("-").map(Number);
  /** @type {Map<string, DigitRecording[]>} */
  const found = new Map();
  for (const file of readdirSync(folder).sort()) {
    const match = /^(\d)_([a-z]+)_(\d+)\.\w+$/.exec(file);
    if (!match) continue;
    const [, digit, speaker = "", number] = match;
    if (Number(number) < fromNumber || Number(number) > toNumber) continue;
    found.set(speaker, [...(found.get(speaker) ?? []), { digit: Number(digit), path: join(folder, file) }]);
  }
  return found;
}

/** Recordings are used again and again. @type {Map<string, Float32Array>} */
const decoded = new Map();

/** Decoded, at the peak of all others, without what cannot be heard at its ends. @param {string} path */
export function audiblePart(path) {
  const known = decoded.get(path);
  if (known) return Float32Array.from(known);
  const args = ["-v", "error", "-i", path, "-f", "f32le", "-ar", String(RATE_HZ), "-ac", "1", "-"];
  const bytes = execFileSync("ffmpeg", args);
  const samples = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  const peak = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
  const audible = (/** @type {number} */ sample) => Math.abs(sample) > AUDIBLE_SHARE * peak;
  const part = samples.subarray(samples.findIndex(audible), samples.findLastIndex(audible) + 1);
  decoded.set(
    path,
    part.map((sample) => (sample * PEAK) / peak),
  );
  return audiblePart(path);
}
