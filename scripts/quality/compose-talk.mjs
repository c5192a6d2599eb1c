import { existsSync, readdirSync } from "node:fs";
import { extname } from "node:path";
import { audiblePart, digitRecordings, NAMES, RATE_HZ } from "../eval/digit-recordings.mjs";
import { readRecordings } from "../eval/recordings.mjs";

/**
 * @typedef {import("../fuzz/random.mjs").Random} Random
 * @typedef {{ text: string, startSec: number, endSec: number }} Said
 * @typedef {Said & { words: Said[] }} Utterance
 * @typedef {{ samples: Float32Array, utterance: Utterance }} Spoken times from the utterance's own start
 * @typedef {(random: Random) => Spoken} Draw an utterance, anew with each call
 */

const MOST_DIGITS = 7;
/** Digits of an utterance lie at most so far apart. */
const MOST_GAP_SEC = 0.2;

/** Whether a folder holds recordings with their texts beside them, and not single digits. @param {string} folder */
export function holdsSentences(folder) {
  return existsSync(folder) && readdirSync(folder).some((file) => extname(file) === ".txt");
}

/**
 * Utterances of digits, one to seven, each by one of some speakers.
 * @param {string} folder @param {{ numbers: string, speakers: string }} wanted speakers with commas between
 * @returns {Draw}
 */
export function digitTalk(folder, { numbers, speakers }) {
  const wanted = speakers.split(",");
  const pool = [...digitRecordings(folder, numbers)].filter(([speaker]) => wanted.includes(speaker));
  if (pool.length === 0) throw new Error(`Expected recordings of ${speakers} in the first folder`);
  return (random) => {
    const most = random.between(1, MOST_DIGITS);
    const [, own] = random.pick(pool);
    return composeDigits(random, own, most);
  };
}

/**
 * The recordings of a folder as utterances. When each of their words is said is not known: all have the whole utterance's time.
 * @param {string} folder with a text beside each recording
 * @returns {Draw}
 */
export function sentenceTalk(folder) {
  const recordings = readRecordings(folder);
  return (random) => {
    const { path, reference } = random.pick(recordings);
    const samples = audiblePart(path);
    const whole = { startSec: 0, endSec: samples.length / RATE_HZ };
    const words = reference.text.split(/\s+/).map((text) => ({ text, ...whole }));
    return { samples, utterance: { text: reference.text, ...whole, words } };
  };
}

/**
 * @param {Random} random @param {import("../eval/digit-recordings.mjs").DigitRecording[]} own @param {number} wordCount
 * @returns {Spoken}
 */
function composeDigits(random, own, wordCount) {
  /** @type {Float32Array[]} */
  const pieces = [];
  /** @type {Said[]} */
  const words = [];
  let count = 0;
  const secondsSoFar = () => count / RATE_HZ;
  while (words.length < wordCount) {
    if (words.length > 0) {
      const gap = new Float32Array(Math.round(random.next() * MOST_GAP_SEC * RATE_HZ));
      pieces.push(gap);
      count += gap.length;
    }
    const { digit, path } = random.pick(own);
    const piece = audiblePart(path);
    const startSec = secondsSoFar();
    pieces.push(piece);
    count += piece.length;
    words.push({ text: /** @type {string} */ (NAMES[digit]), startSec, endSec: secondsSoFar() });
  }
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
