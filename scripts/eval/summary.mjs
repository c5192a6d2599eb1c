/**
 * @typedef {import("./score.mjs").FileScore & {
 *   file: string, heard: import("./score.mjs").Heard, elapsedSec: number
 * }} FileResult
 * @typedef {{ median: number, p95: number, count: number }} Spread
 * @typedef {{
 *   files: number, audioSec: number, elapsedSec: number,
 *   words: number, substitutions: number, deletions: number, insertions: number, wordErrorRate: number | null,
 *   filesAllRight: number, segmentStartErrorSec: Spread | null, wordStartErrorSec: Spread | null, wordEndErrorSec: Spread | null,
 *   filesWithoutSpeech: number, filesWithFalseText: number, falseWords: number, falseTextRate: number | null,
 * }} Summary
 */

/**
 * All files as one: errors of all over words of all. Times as absolute errors. Recordings without speech count by
 * themselves: what is written there is false text, not a word error.
 * @param {FileResult[]} files
 * @returns {Summary}
 */
export function summarise(files) {
  const spoken = files.filter(({ speechless }) => !speechless);
  const silent = files.filter(({ speechless }) => speechless);
  const total = (/** @type {FileResult[]} */ list, /** @type {(file: FileResult) => number} */ of) =>
    list.reduce((sum, file) => sum + of(file), 0);
  const words = total(spoken, (file) => file.words);
  const [substitutions, deletions, insertions] = [
    total(spoken, (file) => file.substitutions),
    total(spoken, (file) => file.deletions),
    total(spoken, (file) => file.insertions),
  ];
  const withFalseText = silent.filter(({ falseWords }) => falseWords > 0).length;
  return {
    files: files.length,
    audioSec: total(files, ({ heard }) => heard.durationSec),
    elapsedSec: total(files, ({ elapsedSec }) => elapsedSec),
    words,
    substitutions,
    deletions,
    insertions,
    wordErrorRate: words > 0 ? (substitutions + deletions + insertions) / words : null,
    filesAllRight: spoken.filter((file) => file.substitutions + file.deletions + file.insertions === 0).length,
    segmentStartErrorSec: spreadOf(files.flatMap((file) => file.segmentStartErrorsSec)),
    wordStartErrorSec: spreadOf(files.flatMap((file) => file.wordStartErrorsSec)),
    wordEndErrorSec: spreadOf(files.flatMap((file) => file.wordEndErrorsSec)),
    filesWithoutSpeech: silent.length,
    filesWithFalseText: withFalseText,
    falseWords: total(silent, (file) => file.falseWords),
    falseTextRate: silent.length > 0 ? withFalseText / silent.length : null,
  };
}

/** Of the sizes of errors: the nearest rank. @param {number[]} errors @returns {Spread | null} */
export function spreadOf(errors) {
  if (errors.length === 0) return null;
  const sizes = errors.map(Math.abs).sort((a, b) => a - b);
  const rank = (/** @type {number} */ share) => sizes[Math.max(0, Math.ceil(share * sizes.length) - 1)] ?? 0;
  return { median: rank(0.5), p95: rank(0.95), count: sizes.length };
}
