/**
 * Makes recordings whose every word has a known time, out of recordings of single spoken digits
 * (`DIGIT_SPEAKER_NUMBER.wav`, as the Free Spoken Digit Dataset names them):
 *
 *   npm run eval:digits -- RECORDINGS OUT [--clips 60] [--speakers theo] [--numbers 0-4] [--seconds 25] [--seed 1]
 *                         [--snr DB]
 *
 * Each clip is of one speaker: utterances of one to seven digits, up to 0.35 s apart, with pauses of 0.5 to 4 s between
 * utterances, and with --snr white noise so many decibels below the speech. OUT gets `digits-000.wav`, `.txt` and `.json` for each. A word's time is where its recording rises above and
 * falls below 2 % of its peak.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Random } from "../fuzz/random.mjs";
import { wavOf } from "./wav.mjs";

const RATE_HZ = 16_000;
const NAMES = "zero one two three four five six seven eight nine".split(" ");
/** Of the peak: what lies below it at either end of a recording is not the word. */
const AUDIBLE_SHARE = 0.02;
const PEAK = 0.5;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    clips: { type: "string", default: "60" },
    speakers: { type: "string", default: "" },
    numbers: { type: "string", default: "0-4" },
    seconds: { type: "string", default: "25" },
    seed: { type: "string", default: "1" },
    snr: { type: "string" },
  },
});
const [source, out] = positionals;
if (!source || !out) throw new Error("Expected two folders: of single spoken digits, and for the clips");

const [fromNumber = 0, toNumber = fromNumber] = values.numbers.split("-").map(Number);
const pool = recordingsOf(source);
const speakers = [...pool.keys()].filter((name) => values.speakers === "" || values.speakers.split(",").includes(name));
if (speakers.length === 0)
  throw new Error(`Expected recordings of ${values.speakers || "somebody"} in the first folder`);
mkdirSync(out, { recursive: true });
/** Recordings are used again and again. @type {Map<string, Float32Array>} */
const decoded = new Map();
for (let index = 0; index < Number(values.clips); index++) writeClip(index);

/** @param {number} index */
function writeClip(index) {
  const random = new Random(Number(values.seed), index);
  const speaker = /** @type {string} */ (speakers[index % speakers.length]);
  const own = /** @type {{ digit: number, path: string }[]} */ (pool.get(speaker));
  /** @type {Float32Array[]} */
  const pieces = [];
  let atSec = 0;
  const pause = (/** @type {number} */ sec) => {
    const piece = new Float32Array(Math.round(sec * RATE_HZ));
    pieces.push(piece);
    atSec += piece.length / RATE_HZ;
  };
  /** @type {{ startSec: number, endSec: number, text: string, words: { text: string, startSec: number, endSec: number }[] }[]} */
  const segments = [];
  pause(0.1 + random.next() * 0.8);
  do {
    const words = [];
    for (let left = random.between(1, 7); left > 0; left--) {
      const { digit, path } = random.pick(own);
      const samples = audiblePart(path);
      pieces.push(samples);
      const startSec = atSec;
      atSec += samples.length / RATE_HZ;
      words.push({ text: /** @type {string} */ (NAMES[digit]), startSec: round(startSec), endSec: round(atSec) });
      if (left > 1) pause(random.next() * 0.35);
    }
    const text = words.map((word) => word.text).join(" ");
    segments.push({ startSec: words[0]?.startSec ?? 0, endSec: words.at(-1)?.endSec ?? 0, text, words });
    pause(0.5 + random.next() * 3.5);
  } while (atSec < Number(values.seconds) - 4);
  const base = join(/** @type {string} */ (out), `digits-${String(index).padStart(3, "0")}`);
  if (values.snr !== undefined) addNoise(pieces, Number(values.snr), random);
  writeFileSync(`${base}.wav`, wavOf(pieces, RATE_HZ));
  writeFileSync(`${base}.txt`, `${segments.map(({ text }) => text).join(" ")}\n`);
  const seconds = ({ startSec, endSec, text }) => ({ start: startSec, end: endSec, text });
  const reference = {
    speaker,
    segments: segments.map(seconds),
    words: segments.flatMap(({ words }) =>
      words.map(({ text, startSec, endSec }) => ({ word: text, start: startSec, end: endSec })),
    ),
  };
  writeFileSync(`${base}.json`, `${JSON.stringify(reference, undefined, 1)}\n`);
}

/** The files of each speaker. @param {string} folder */
function recordingsOf(folder) {
  /** @type {Map<string, { digit: number, path: string }[]>} */
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

/** White noise under all of a clip, measured against its loud parts alone. @param {Float32Array[]} pieces @param {number} db @param {Random} random */
function addNoise(pieces, db, random) {
  const loud = pieces.filter((piece) => piece.some((sample) => sample !== 0));
  const count = loud.reduce((sum, { length }) => sum + length, 0);
  const power = loud.reduce((sum, piece) => sum + piece.reduce((own, sample) => own + sample * sample, 0), 0) / count;
  const width = Math.sqrt(12 * power * 10 ** (-db / 10)); // of a uniform distribution with that power
  for (const piece of pieces)
    for (const at of piece.keys()) piece[at] = (piece[at] ?? 0) + (random.next() - 0.5) * width;
}

/** Decoded, at the peak of all others, without what cannot be heard at its ends. @param {string} path */
function audiblePart(path) {
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

/** @param {number} sec */
function round(sec) {
  return Math.round(sec * 1000) / 1000;
}
