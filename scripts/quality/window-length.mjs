/**
 * Does a model hear the same speech worse in a fuller window? The control for `quality:hour`: no detector, no plan, no joints.
 *
 *   npm run quality:window-length -- RECORDINGS [--seconds 0,5,10,20,30] [--utterances 276] [--room 0.6] [--speakers A,B]
 *                                 [--numbers 0-4] [--hiss 0.0005] [--seed 1] [--model FILE] [--json FILE]
 *
 * RECORDINGS holds single spoken digits (see `npm run eval:digits`). Utterances of one to seven digits are joined, --room
 * seconds apart, into recordings of at most each number of --seconds (0: one utterance alone), and each recording is posted
 * with `vad_filter=false`, so that it is one window as it is. Prints a line of JSON for each number.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { alignWords } from "../eval/align-words.mjs";
import { RATE_HZ } from "../eval/digit-recordings.mjs";
import { wavOf } from "../eval/wav.mjs";
import { Random } from "../fuzz/random.mjs";
import { runMain } from "../setup/failure.mjs";
import { startServer } from "../stress/running-server.mjs";
import { askSotto } from "./ask-sotto.mjs";
import { digitTalk, room } from "./compose-talk.mjs";
import { measuredOn } from "./measured-on.mjs";
import { demandRecordings, TALK_OPTIONS } from "./talk-options.mjs";

/** @typedef {{ samples: Float32Array, words: string[] }} Said */

/** Before the first utterance and after the last. */
const EDGE_SEC = 0.3;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    ...TALK_OPTIONS,
    seconds: { type: "string", default: "0,5,10,20,30" },
    utterances: { type: "string", default: "276" },
    room: { type: "string", default: "0.6" },
  },
});
const source = demandRecordings(positionals);

await runMain(async () => {
  const folder = mkdtempSync(join(tmpdir(), "sotto-length-"));
  const server = await startServer(["--model", values.model]);
  try {
    const said = utterances();
    const rows = [];
    for (const most of values.seconds.split(",").map(Number)) {
      const row = { mostSec: most, ...(await hear(server.url, join(folder, "window.wav"), packed(said, most))) };
      console.log(JSON.stringify(row));
      rows.push(row);
    }
    const result = { model: basename(values.model), roomSec: Number(values.room), rows, ...measuredOn() };
    console.log(JSON.stringify({ ...result, rows: rows.length }));
    if (values.json) writeFileSync(values.json, `${JSON.stringify(result, undefined, 1)}\n`);
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});

/** @returns {Said[]} */
function utterances() {
  const random = new Random(Number(values.seed));
  const draw = digitTalk(source, values);
  return Array.from({ length: Number(values.utterances) }, () => {
    const { samples, utterance } = draw(random);
    return { samples, words: utterance.words.map(({ text }) => text) };
  });
}

/** In their order, as many to a recording as it holds. @param {Said[]} said @param {number} mostSec @returns {Said[][]} */
function packed(said, mostSec) {
  /** @type {Said[][]} */
  const groups = [];
  let seconds = 0;
  for (const one of said) {
    const more = Number(values.room) + one.samples.length / RATE_HZ;
    const last = groups.at(-1);
    if (last && seconds + more <= mostSec) {
      last.push(one);
      seconds += more;
    } else {
      groups.push([one]);
      seconds = 2 * EDGE_SEC + one.samples.length / RATE_HZ;
    }
  }
  return groups;
}

/** @param {string} url @param {string} path @param {Said[][]} groups */
async function hear(url, path, groups) {
  const random = new Random(Number(values.seed), 1);
  const counts = { words: 0, substitutions: 0, deletions: 0, insertions: 0 };
  let seconds = 0;
  for (const group of groups) {
    const pieces = group.flatMap(({ samples }, index) => [
      room(random, index === 0 ? EDGE_SEC : Number(values.room), Number(values.hiss)),
      samples,
    ]);
    pieces.push(room(random, EDGE_SEC, Number(values.hiss)));
    seconds += pieces.reduce((sum, { length }) => sum + length, 0) / RATE_HZ;
    writeFileSync(path, wavOf(pieces, RATE_HZ));
    const { body } = await askSotto(url, path, [
      ["language", "en"],
      ["vad_filter", "false"],
    ]);
    const words = group.flatMap((one) => one.words);
    counts.words += words.length;
    for (const { kind } of alignWords(words, body.text.split(/\s+/).filter(Boolean))) {
      if (kind === "substitution") counts.substitutions++;
      if (kind === "deletion") counts.deletions++;
      if (kind === "insertion") counts.insertions++;
    }
  }
  const errors = counts.substitutions + counts.deletions + counts.insertions;
  return {
    windows: groups.length,
    meanSec: Number((seconds / groups.length).toFixed(1)),
    ...counts,
    errorsPercent: Number(((100 * errors) / counts.words).toFixed(2)),
  };
}
