import { spreadOf } from "./summary.mjs";

/**
 * @typedef {import("./summary.mjs").FileResult} FileResult
 * @typedef {import("./summary.mjs").Spread} Spread
 */

const HEAD = [
  "file",
  "audio",
  "words",
  "S",
  "D",
  "I",
  "errors",
  "segment start",
  "word start",
  "word end",
  "false words",
];

/**
 * A row for each file and one for all, in columns.
 * @param {FileResult[]} files
 * @param {import("./summary.mjs").Summary} summary
 */
export function tableOf(files, summary) {
  const rows = [HEAD, ...files.map(rowOf)];
  rows.push([
    `all ${summary.files}`,
    seconds(summary.audioSec),
    String(summary.words),
    String(summary.substitutions),
    String(summary.deletions),
    String(summary.insertions),
    share(summary.wordErrorRate),
    spread(summary.segmentStartErrorSec),
    spread(summary.wordStartErrorSec),
    spread(summary.wordEndErrorSec),
    summary.filesWithoutSpeech === 0 ? "" : `${summary.filesWithFalseText} of ${summary.filesWithoutSpeech} files`,
  ]);
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (/** @type {string[]} */ row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  ");
  const speed = summary.elapsedSec > 0 ? (summary.audioSec / summary.elapsedSec).toFixed(1) : "–";
  const note = `times: median / 95th percentile of the errors, in seconds; ${speed} × real time`;
  return [...rows.map((row) => line(row).trimEnd()), note].join("\n");
}

/** @param {FileResult} file */
function rowOf(file) {
  const errors = file.substitutions + file.deletions + file.insertions;
  return [
    file.file,
    seconds(file.heard.durationSec),
    String(file.words),
    ...[file.substitutions, file.deletions, file.insertions].map((count) => (file.speechless ? "" : String(count))),
    file.speechless ? "" : share(errors / file.words),
    spread(spreadOf(file.segmentStartErrorsSec)),
    spread(spreadOf(file.wordStartErrorsSec)),
    spread(spreadOf(file.wordEndErrorsSec)),
    file.speechless ? String(file.falseWords) : "",
  ];
}

/**
 * What was heard wrongly, a line for each file that has something: `said→written`, `said→` for what is missing, `→written`
 * for what nobody said, each with the word before it.
 * @param {FileResult[]} files
 */
export function errorsOf(files) {
  const lines = files.flatMap(({ file, alignment }) => {
    const wrong = alignment.flatMap(({ kind, reference = "", hypothesis = "" }, at) => {
      if (kind === "match") return [];
      const before = alignment[at - 1]?.reference;
      return [`${before ? `${before} ` : ""}[${reference}→${hypothesis}]`];
    });
    return wrong.length > 0 ? [`${file}: ${wrong.join(", ")}`] : [];
  });
  return lines.length > 0 ? lines.join("\n") : "every word was heard right";
}

/** @param {number} sec */
function seconds(sec) {
  return `${sec.toFixed(1)} s`;
}

/** @param {number | null} value */
function share(value) {
  return value === null ? "" : `${(100 * value).toFixed(1)} %`;
}

/** @param {Spread | null} value */
function spread(value) {
  return value === null ? "" : `${value.median.toFixed(3)} / ${value.p95.toFixed(3)}`;
}
