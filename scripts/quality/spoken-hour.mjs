/**
 * An hour of known utterances with pauses between them: is each found, once, where it was said, as well as alone?
 *
 *   npm run quality:hour -- RECORDINGS [--minutes 60] [--pauses 0.3-60] [--speakers A,B] [--numbers 0-4] [--hiss 0.0005]
 *                        [--seed 1] [--model FILE] [--silero] [--no-vad] [--keep FOLDER] [--json FILE]
 *
 * RECORDINGS holds single spoken digits (see `npm run eval:digits`). Utterances of one to seven digits, pauses drawn so that
 * each octave is as likely, hiss of that amplitude under the pauses. The hour is posted twice, with words and without; then
 * each utterance alone, 0.3 s of room on either side. Prints what was lost, doubled or strayed, and a line of JSON; ends
 * with 1 when a mark is missed.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { RATE_HZ } from "../eval/digit-recordings.mjs";
import { timed } from "../eval/recordings.mjs";
import { score } from "../eval/score.mjs";
import { spreadOf } from "../eval/summary.mjs";
import { wavOf } from "../eval/wav.mjs";
import { Random } from "../fuzz/random.mjs";
import { runMain } from "../setup/failure.mjs";
import { startServer } from "../stress/running-server.mjs";
import { askSotto, pullSilero } from "./ask-sotto.mjs";
import { delayed, digitTalk, room } from "./compose-talk.mjs";
import { measuredOn } from "./measured-on.mjs";
import { spread } from "./speechless-sounds.mjs";
import { demandRecordings, TALK_OPTIONS } from "./talk-options.mjs";

/** @typedef {import("./compose-talk.mjs").Utterance} Utterance */

/** Where a digit's recording ends is a matter of so much. */
const EDGE_SEC = 0.1;
/** What is heard farther from an utterance does not belong to it. */
const REACH_SEC = 0.3;
const MARKS = { wordErrorPoints: 1, startMedianSec: 0.2, startP95Sec: 0.5 };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    ...TALK_OPTIONS,
    minutes: { type: "string", default: "60" },
    pauses: { type: "string", default: "0.3-60" },
    silero: { type: "boolean", default: false },
    "no-vad": { type: "boolean", default: false },
    keep: { type: "string" },
  },
});
const source = demandRecordings(positionals);
const hiss = Number(values.hiss);

await runMain(async () => {
  const folder = values.keep ?? mkdtempSync(join(tmpdir(), "sotto-hour-"));
  mkdirSync(folder, { recursive: true });
  const server = await startServer(["--model", values.model]);
  try {
    if (values.silero) pullSilero(server.home);
    const { utterances, alone } = compose(join(folder, "hour.wav"));
    /** @type {[string, string][]} */
    const plain = [
      ["language", "en"],
      ["response_format", "verbose_json"],
      ["include[]", "diagnostics"],
    ];
    if (values["no-vad"]) plain.push(["vad_filter", "false"]);
    const withWords = await askSotto(server.url, join(folder, "hour.wav"), [
      ...plain,
      ["timestamp_granularities[]", "word"],
      ["timestamp_granularities[]", "segment"],
    ]);
    const withoutWords = await askSotto(server.url, join(folder, "hour.wav"), plain);
    let aloneErrors = 0;
    /** @type {Set<number>} */
    const heardAlone = new Set();
    for (const [index, utterance] of utterances.entries()) {
      const path = join(folder, "alone.wav");
      const around = new Random(Number(values.seed), 1e6 + index);
      writeFileSync(
        path,
        wavOf([room(around, 0.3, hiss), /** @type {Float32Array} */ (alone[index]), room(around, 0.3, hiss)], RATE_HZ),
      );
      const { body } = await askSotto(server.url, path, plain);
      const own = errorsOf(score({ ...utterance, segments: [], words: [] }, heardIn(body), { normaliser: "basic" }));
      aloneErrors += own;
      if (own < utterance.words.length) heardAlone.add(index);
    }
    report(
      utterances,
      heardIn(withWords.body),
      heardIn(withoutWords.body),
      { aloneErrors, heardAlone },
      withWords.body,
    );
  } finally {
    await server.stop();
    if (!values.keep) rmSync(folder, { recursive: true, force: true });
  }
});

/** @param {string} path */
function compose(path) {
  const random = new Random(Number(values.seed));
  const [shortestSec = 0.3, longestSec = 60] = values.pauses.split("-").map(Number);
  const draw = digitTalk(source, values);
  /** @type {Float32Array[]} */
  const pieces = [];
  /** @type {Utterance[]} */
  const utterances = [];
  /** @type {Float32Array[]} */
  const alone = [];
  let count = 0;
  const add = (/** @type {Float32Array} */ piece) => {
    pieces.push(piece);
    count += piece.length;
  };
  add(room(random, 1, hiss));
  while (count < Number(values.minutes) * 60 * RATE_HZ) {
    const { samples, utterance } = draw(random);
    utterances.push(delayed(utterance, count / RATE_HZ));
    alone.push(samples);
    add(samples);
    add(room(random, spread(random, shortestSec, longestSec), hiss));
  }
  writeFileSync(path, wavOf(pieces, RATE_HZ));
  // With these beside it `npm run eval` takes the folder too.
  const base = path.replace(/\.wav$/, "");
  const seconds = (/** @type {import("./compose-talk.mjs").Said} */ { text, startSec, endSec }) => ({
    text,
    start: startSec,
    end: endSec,
  });
  const words = utterances.flatMap((utterance) => utterance.words.map(seconds));
  writeFileSync(`${base}.txt`, `${utterances.map(({ text }) => text).join(" ")}\n`);
  writeFileSync(`${base}.json`, JSON.stringify({ segments: utterances.map(seconds), words }));
  return { utterances, alone };
}

/** @param {any} body @returns {import("../eval/score.mjs").Heard} */
function heardIn({ text, language, duration, segments, words }) {
  const pieces = segments.map(timed);
  // Without times of words each has that of its segment.
  const byWord = pieces.flatMap((/** @type {import("../eval/score.mjs").Timed} */ piece) =>
    piece.text
      .trim()
      .split(/\s+/)
      .map((word) => ({ ...piece, text: word })),
  );
  return { text, language, durationSec: duration, segments: pieces, words: words ? words.map(timed) : byWord };
}

/** @param {import("../eval/score.mjs").FileScore} scored */
function errorsOf({ substitutions, deletions, insertions }) {
  return substitutions + deletions + insertions;
}

/**
 * @param {Utterance[]} utterances
 * @param {import("../eval/score.mjs").Heard} heard @param {import("../eval/score.mjs").Heard} withoutWords
 * @param {{ aloneErrors: number, heardAlone: Set<number> }} alone @param {any} body
 */
function report(utterances, heard, withoutWords, { aloneErrors, heardAlone }, body) {
  const reference = {
    text: utterances.map(({ text }) => text).join(" "),
    segments: utterances,
    words: utterances.flatMap(({ words }) => words),
  };
  const scored = score(reference, heard, { normaliser: "basic" });
  const scoredWithoutWords = score(reference, withoutWords, { normaliser: "basic" });
  const near = ({ startSec, endSec }, /** @type {number} */ sec, /** @type {number} */ reach) =>
    sec >= startSec - reach && sec <= endSec + reach;
  const middle = ({ startSec, endSec = startSec }) => (startSec + endSec) / 2;
  const told = (/** @type {string} */ what, /** @type {number[]} */ indices) => {
    for (const index of indices) {
      const { text, startSec } = /** @type {Utterance} */ (utterances[index]);
      const written = heard.words
        .filter((word) => near(utterances[index], middle(word), REACH_SEC))
        .map((word) => word.text)
        .join(" ");
      console.log(`${what}: at ${startSec.toFixed(2)} s '${text}', heard '${written}'`);
    }
    return indices.length;
  };
  const heardOf = utterances.map(
    (utterance) => heard.words.filter((word) => near(utterance, middle(word), REACH_SEC)).length,
  );
  const indices = utterances.map((_, index) => index);
  const lost = indices.filter((index) => heardOf[index] === 0);
  const doubled = indices.filter(
    (index) => /** @type {number} */ (heardOf[index]) > /** @type {Utterance} */ (utterances[index]).words.length,
  );
  const stray = heard.words.filter((word) => !utterances.some((utterance) => near(utterance, middle(word), REACH_SEC)));
  for (const { text, startSec } of stray) console.log(`stray: '${text}' at ${startSec.toFixed(2)} s`);
  const outside = heard.words.filter(
    (word) =>
      !utterances.some(
        (utterance) =>
          near(utterance, word.startSec, EDGE_SEC) && near(utterance, word.endSec ?? word.startSec, EDGE_SEC),
      ),
  );
  const backwards = heard.words.filter(
    ({ startSec, endSec = startSec }, index) =>
      endSec < startSec || startSec < (heard.words[index - 1]?.endSec ?? 0) - 1e-6,
  );
  // A segment's middle in a pause: it spans what it should not.
  const across = withoutWords.segments.filter(
    (segment) =>
      utterances.filter(
        (utterance) =>
          utterance.startSec < (segment.endSec ?? 0) - EDGE_SEC && utterance.endSec > segment.startSec + EDGE_SEC,
      ).length > 1,
  );

  const rate = (/** @type {number} */ errors) => Number(((100 * errors) / scored.words).toFixed(2));
  const starts = {
    words: spreadOf(scored.segmentStartErrorsSec),
    segments: spreadOf(scoredWithoutWords.segmentStartErrorsSec),
  };
  const result = {
    detector: values["no-vad"] ? "none" : values.silero ? "Silero" : "energy",
    minutes: Number((heard.durationSec / 60).toFixed(1)),
    utterances: utterances.length,
    words: scored.words,
    windows: body.diagnostics.windows,
    errorsPercent: { hour: rate(errorsOf(scored)), alone: rate(aloneErrors) },
    lost: told("lost", lost),
    lostThoughHeardAlone: lost.filter((index) => heardAlone.has(index)).length,
    doubled: told("more than was said", doubled),
    stray: stray.length,
    segmentStartErrorSec: starts,
    segmentsAcrossPauses: across.length,
    wordStartErrorSec: spreadOf(scored.wordStartErrorsSec),
    wordsOutsideSpeech: outside.length,
    wordsNotMonotone: backwards.length,
    suppressed: body.diagnostics.suppressed.length,
    ...measuredOn(),
  };
  console.log(JSON.stringify(result));
  if (values.json) writeFileSync(values.json, `${JSON.stringify(result, undefined, 1)}\n`);
  const isGood = [
    result.errorsPercent.hour <= result.errorsPercent.alone + MARKS.wordErrorPoints,
    result.lostThoughHeardAlone === 0,
    ...Object.values(starts).map(
      (spread) => spread !== null && spread.median <= MARKS.startMedianSec && spread.p95 <= MARKS.startP95Sec,
    ),
    outside.length === 0,
    backwards.length === 0,
  ];
  if (isGood.includes(false)) process.exitCode = 1;
}
