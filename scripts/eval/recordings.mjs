import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, extname, join } from "node:path";
import { Failure } from "../setup/failure.mjs";

/**
 * @typedef {import("./score.mjs").Timed} Timed
 * @typedef {{ name: string, path: string, reference: import("./score.mjs").Reference }} Recording
 */

const BESIDE = new Set([".txt", ".json"]);

/**
 * The recordings of a folder that have a text beside them, in the order of their names.
 * @param {string} folder
 * @returns {Recording[]}
 * @throws {Failure} when there is none, or when times cannot be read
 */
export function readRecordings(folder) {
  if (!existsSync(folder)) throw new Failure(`Expected a folder of recordings, but there is no ${folder}`);
  const found = readdirSync(folder)
    .sort()
    .filter((file) => !BESIDE.has(extname(file)))
    .map((file) => ({ file, base: join(folder, basename(file, extname(file))) }))
    .filter(({ base }) => existsSync(`${base}.txt`));
  if (found.length === 0)
    throw new Failure(`Expected recordings with texts beside them (talk.flac, talk.txt) in ${folder}`);
  return found.map(({ file, base }) => ({
    name: file,
    path: join(folder, file),
    reference: { text: readFileSync(`${base}.txt`, "utf8").trim(), ...readTimes(`${base}.json`) },
  }));
}

/** @param {string} path @returns {{ segments: Timed[], words: Timed[] }} */
function readTimes(path) {
  if (!existsSync(path)) return { segments: [], words: [] };
  try {
    const { segments = [], words = [] } = JSON.parse(readFileSync(path, "utf8"));
    return { segments: segments.map(timed), words: words.map(timed) };
  } catch (error) {
    throw new Failure(
      `Expected segments and words with start and text in ${path}: ${/** @type {Error} */ (error).message}`,
    );
  }
}

/**
 * A segment or a word as replies and references have it.
 * @param {{ text?: string, word?: string, start: number, end?: number }} member
 * @returns {Timed}
 */
export function timed({ text, word, start, end }) {
  if (typeof start !== "number") throw new Error(`expected a start in seconds, not ${start}`);
  return { text: String(text ?? word ?? ""), startSec: start, ...(end === undefined ? {} : { endSec: end }) };
}
