import { alignWords } from "./align-words.mjs";
import { normaliseBasic } from "./normalise-basic.mjs";
import { normaliseEnglish } from "./normalise-english.mjs";

/**
 * @typedef {{ text: string, startSec: number, endSec?: number }} Timed
 * @typedef {{ text: string, segments: Timed[], words: Timed[], language: string, durationSec: number }} Heard
 * @typedef {{ text: string, segments: Timed[], words: Timed[] }} Reference
 * @typedef {{
 *   words: number, substitutions: number, deletions: number, insertions: number,
 *   alignment: { kind: import("./align-words.mjs").Step["kind"], reference?: string, hypothesis?: string }[],
 *   segmentStartErrorsSec: number[], wordStartErrorsSec: number[], wordEndErrorsSec: number[],
 *   speechless: boolean, falseWords: number,
 * }} FileScore
 */

/** @typedef {"auto" | "english" | "basic"} Normaliser */

/**
 * @param {Reference} reference no text: the recording has no speech
 * @param {Heard} heard
 * @param {{ normaliser?: Normaliser }} options `auto`: by the language that was heard
 * @returns {FileScore}
 */
export function score(reference, heard, { normaliser = "auto" } = {}) {
  const { language } = heard;
  const isEnglish =
    normaliser === "english" || (normaliser === "auto" && (language === "en" || language === "english"));
  const wordsOf = (/** @type {string} */ text) =>
    (isEnglish ? normaliseEnglish(text) : normaliseBasic(text, language)).split(" ").filter(Boolean);
  const said = wordsOf(reference.text);
  const written = wordsOf(heard.text);
  const steps = alignWords(said, written);
  const count = (/** @type {string} */ kind) => steps.filter((step) => step.kind === kind).length;
  return {
    words: said.length,
    substitutions: count("substitution"),
    deletions: count("deletion"),
    insertions: count("insertion"),
    alignment: steps.map(({ kind, reference: from, hypothesis: to }) => ({
      kind,
      ...(from === undefined ? {} : { reference: said[from] }),
      ...(to === undefined ? {} : { hypothesis: written[to] }),
    })),
    ...timeErrors(reference, heard),
    speechless: said.length === 0,
    falseWords: said.length === 0 ? written.length : 0,
  };
}

/**
 * Errors of times, in seconds, signed: heard minus true. A word is compared where it was heard right. A segment of the
 * reference begins with its first word: that word's own start is compared, or, where it opens a segment that was heard,
 * the start of that segment.
 * @param {Reference} reference @param {Heard} heard
 */
function timeErrors(reference, heard) {
  const heardWords = heard.words.map(({ text }) => plain(text));
  const openers = new Map(
    heard.segments.map((segment) => [heard.words.findIndex((word) => isWithin(word, segment)), segment.startSec]),
  );
  const wordErrors = { startSec: /** @type {number[]} */ ([]), endSec: /** @type {number[]} */ ([]) };
  for (const [from, to] of matches(
    reference.words.map(({ text }) => plain(text)),
    heardWords,
  )) {
    const truth = /** @type {Timed} */ (reference.words[from]);
    const word = /** @type {Timed} */ (heard.words[to]);
    wordErrors.startSec.push(word.startSec - truth.startSec);
    if (truth.endSec !== undefined && word.endSec !== undefined) wordErrors.endSec.push(word.endSec - truth.endSec);
  }
  /** @type {number[]} */
  const segmentErrors = [];
  const pieces = reference.segments.map(({ text }) => plain(text).split(" ").filter(Boolean));
  const found = new Map(matches(pieces.flat(), heardWords));
  let first = 0;
  for (const [index, piece] of pieces.entries()) {
    const to = piece.length > 0 ? found.get(first) : undefined;
    first += piece.length;
    if (to === undefined) continue;
    const startSec = openers.get(to) ?? /** @type {Timed} */ (heard.words[to]).startSec;
    segmentErrors.push(startSec - /** @type {Timed} */ (reference.segments[index]).startSec);
  }
  return {
    segmentStartErrorsSec: segmentErrors,
    wordStartErrorsSec: wordErrors.startSec,
    wordEndErrorsSec: wordErrors.endSec,
  };
}

/** Pairs of places where both say the same. @param {string[]} reference @param {string[]} hypothesis @returns {[number, number][]} */
function matches(reference, hypothesis) {
  return alignWords(reference, hypothesis).flatMap(({ kind, reference: from, hypothesis: to }) =>
    kind === "match" && from !== undefined && to !== undefined ? [[from, to]] : [],
  );
}

/** @param {Timed} word @param {Timed} segment */
function isWithin(word, segment) {
  return word.startSec >= segment.startSec && word.startSec <= (segment.endSec ?? Number.POSITIVE_INFINITY);
}

/** @param {string} text */
function plain(text) {
  return normaliseBasic(text);
}
