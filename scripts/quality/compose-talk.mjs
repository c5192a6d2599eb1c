import { audiblePart, digitRecordings, NAMES, RATE_HZ } from "../eval/digit-recordings.mjs";

/**
 * @typedef {import("../fuzz/random.mjs").Random} Random
 * @typedef {{ text: string, startSec: number, endSec: number }} Said
 * @typedef {Said & { words: Said[] }} Utterance
 */

/**
 * The recordings of some speakers of a folder, by speaker.
 * @param {string} folder @param {{ numbers: string, speakers: string }} wanted speakers with commas between
 */
export function voices(folder, { numbers, speakers }) {
  const wanted = speakers.split(",");
  const pool = new Map([...digitRecordings(folder, numbers)].filter(([speaker]) => wanted.includes(speaker)));
  if (pool.size === 0) throw new Error(`Expected recordings of ${speakers} in the first folder`);
  return pool;
}

/**
 * An utterance of digits by one speaker, drawn anew: they lie at most `mostGapSec` apart.
 * @param {Random} random @param {Map<string, import("../eval/digit-recordings.mjs").DigitRecording[]>} pool by speaker
 * @param {{ isLongEnough: (words: number, seconds: number) => boolean, mostGapSec: number }} shape
 * @returns {{ samples: Float32Array, utterance: Utterance }} times from the utterance's own start
 */
export function composeUtterance(random, pool, { isLongEnough, mostGapSec }) {
  const own = random.pick([...pool.values()]);
  /** @type {Float32Array[]} */
  const pieces = [];
  /** @type {Said[]} */
  const words = [];
  let count = 0;
  const secondsSoFar = () => count / RATE_HZ;
  do {
    if (words.length > 0) {
      const gap = new Float32Array(Math.round(random.next() * mostGapSec * RATE_HZ));
      pieces.push(gap);
      count += gap.length;
    }
    const { digit, path } = random.pick(own);
    const piece = audiblePart(path);
    const startSec = secondsSoFar();
    pieces.push(piece);
    count += piece.length;
    words.push({ text: /** @type {string} */ (NAMES[digit]), startSec, endSec: secondsSoFar() });
  } while (!isLongEnough(words.length, secondsSoFar()));
  const samples = new Float32Array(count);
  let at = 0;
  for (const piece of pieces) {
    samples.set(piece, at);
    at += piece.length;
  }
  const text = words.map((word) => word.text).join(" ");
  return { samples, utterance: { text, startSec: 0, endSec: secondsSoFar(), words } };
}

/** The same, said so much later. @param {Utterance} utterance @param {number} sec @returns {Utterance} */
export function delayed(utterance, sec) {
  const later = (/** @type {Said} */ { text, startSec, endSec }) => ({
    text,
    startSec: startSec + sec,
    endSec: endSec + sec,
  });
  return { ...later(utterance), words: utterance.words.map(later) };
}

/** Silence in which the microphone hisses. @param {Random} random @param {number} seconds @param {number} amplitude */
export function room(random, seconds, amplitude) {
  return Float32Array.from({ length: Math.round(seconds * RATE_HZ) }, () => (random.next() * 2 - 1) * amplitude);
}
