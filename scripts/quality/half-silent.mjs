/**
 * How much faster is a recording done that is half silent, when silence is left out, and is the text the same?
 *
 *   npm run quality:half-silent -- RECORDINGS [--minutes 60] [--rounds 1] [--speakers A,B] [--numbers 0-4] [--hiss 0.0005]
 *                               [--seed 1] [--model FILE] [--silero] [--no-text] [--keep FOLDER] [--json FILE]
 *
 * RECORDINGS holds single spoken digits (see `npm run eval:digits`), or English recordings with texts beside them (`talk.wav`,
 * `talk.txt`). Turns of 2 to 20 s: utterances of one to seven digits, or those recordings, 0.3 to 0.8 s apart; and as much silence
 * between turns as they last, in pauses whose lengths are drawn from a range of 1 to 60 times. Each round posts the file with the
 * defaults and with `vad_filter=false`. --no-text for a model that says what it does not hear (a scripted one); --keep leaves
 * the file and the replies there. Prints a line of JSON; ends with 1 when it is less than 1.8 times as fast.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { alignWords } from "../eval/align-words.mjs";
import { RATE_HZ } from "../eval/digit-recordings.mjs";
import { normaliseBasic } from "../eval/normalise-basic.mjs";
import { wavOf } from "../eval/wav.mjs";
import { Random } from "../fuzz/random.mjs";
import { runMain } from "../setup/failure.mjs";
import { startServer } from "../stress/running-server.mjs";
import { askSotto, pullSilero } from "./ask-sotto.mjs";
import { digitTalk, holdsSentences, room, sentenceTalk } from "./compose-talk.mjs";
import { measuredOn } from "./measured-on.mjs";
import { median } from "./median.mjs";
import { spread } from "./speechless-sounds.mjs";
import { demandRecordings, TALK_OPTIONS } from "./talk-options.mjs";

const LEAST_SPEEDUP = 1.8;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    ...TALK_OPTIONS,
    minutes: { type: "string", default: "60" },
    rounds: { type: "string", default: "1" },
    silero: { type: "boolean", default: false },
    "no-text": { type: "boolean", default: false },
    keep: { type: "string" },
  },
});
const source = demandRecordings(positionals);

await runMain(async () => {
  const folder = values.keep ?? mkdtempSync(join(tmpdir(), "sotto-half-"));
  mkdirSync(folder, { recursive: true });
  const server = await startServer(["--model", values.model]);
  try {
    if (values.silero) pullSilero(server.home);
    const path = join(folder, "half.wav");
    const words = compose(path);
    /** @type {{ tookMs: number, body: any }[]} */
    const filtered = [];
    /** @type {{ tookMs: number, body: any }[]} */
    const whole = [];
    /** @type {[string, string][]} */
    const fields = [
      ["language", "en"],
      ["include[]", "diagnostics"],
    ];
    for (let round = 0; round < Number(values.rounds); round++) {
      filtered.push(await askSotto(server.url, path, fields));
      whole.push(await askSotto(server.url, path, [...fields, ["vad_filter", "false"]]));
    }
    if (values.keep) {
      writeFileSync(join(folder, "filtered.json"), JSON.stringify(filtered));
      writeFileSync(join(folder, "whole.json"), JSON.stringify(whole));
    }
    report(words, filtered, whole);
  } finally {
    await server.stop();
    if (!values.keep) rmSync(folder, { recursive: true, force: true });
  }
});

/** @param {string} path @returns {string[]} the words that are said */
function compose(path) {
  const random = new Random(Number(values.seed));
  const draw = holdsSentences(source) ? sentenceTalk(source) : digitTalk(source, values);
  const halfSec = (Number(values.minutes) * 60) / 2;
  const turns = [];
  let speechSec = 0;
  while (speechSec < halfSec) {
    const leastSec = spread(random, 2, 20);
    /** @type {Float32Array[]} */
    const samples = [];
    /** @type {string[]} */
    const words = [];
    for (let sec = 0; sec < leastSec; ) {
      const { samples: own, utterance } = draw(random);
      if (sec > 0) samples.push(room(random, 0.3 + 0.5 * random.next(), Number(values.hiss)));
      samples.push(own);
      words.push(...wordsOf(utterance.text));
      sec = samples.reduce((sum, { length }) => sum + length, 0) / RATE_HZ;
      if (sec >= leastSec) speechSec += sec;
    }
    turns.push({ samples, words });
  }
  const pauses = turns.map(() => spread(random, 1, 60));
  const scale = speechSec / pauses.reduce((sum, pause) => sum + pause, 0);
  const pieces = turns.flatMap(({ samples }, index) => [
    ...samples,
    room(random, /** @type {number} */ (pauses[index]) * scale, Number(values.hiss)),
  ]);
  writeFileSync(path, wavOf(pieces, RATE_HZ));
  return turns.flatMap(({ words }) => words);
}

/** Without marks and capitals. @param {string} text */
function wordsOf(text) {
  return normaliseBasic(text, "en").split(" ").filter(Boolean);
}

/** @param {string[]} words @param {{ tookMs: number, body: any }[]} filtered @param {{ tookMs: number, body: any }[]} whole */
function report(words, filtered, whole) {
  const [one, other] = [filtered[0]?.body, whole[0]?.body];
  const wordsIn = (/** @type {any} */ body) => wordsOf(body.text);
  const differences = (/** @type {string[]} */ a, /** @type {string[]} */ b) =>
    alignWords(a, b).filter(({ kind }) => kind !== "match").length;
  const speedup = median(
    filtered.map(({ tookMs }, round) => /** @type {{ tookMs: number }} */ (whole[round]).tookMs / tookMs),
  );
  const part = (/** @type {{ tookMs: number, body: any }[]} */ answers) => {
    const ms = (/** @type {(answer: { tookMs: number, body: any }) => number} */ of) =>
      Math.round(median(answers.map(of)));
    return {
      windows: answers[0]?.body.diagnostics.windows,
      tookMs: ms(({ tookMs }) => tookMs),
      vadMs: ms(({ body }) => body.diagnostics.vad_ms),
      encodeMs: ms(({ body }) => body.diagnostics.encode_ms),
      decodeMs: ms(({ body }) => body.diagnostics.decode_ms),
      sampleMs: ms(({ body }) => body.diagnostics.sample_ms),
    };
  };
  const result = {
    talk: holdsSentences(source) ? "sentences" : "digits",
    detector: values.silero ? "Silero" : "energy",
    model: basename(values.model),
    minutes: Number((one.usage.audio_duration_seconds / 60).toFixed(1)),
    speedup: Number(speedup.toFixed(2)),
    rounds: filtered.length,
    filtered: part(filtered),
    whole: part(whole),
    ...(values["no-text"]
      ? {}
      : {
          words: words.length,
          errors: { filtered: differences(words, wordsIn(one)), whole: differences(words, wordsIn(other)) },
          differentWords: differences(wordsIn(other), wordsIn(one)),
        }),
    ...measuredOn(),
  };
  console.log(JSON.stringify(result));
  if (values.json) writeFileSync(values.json, `${JSON.stringify(result, undefined, 1)}\n`);
  if (speedup < LEAST_SPEEDUP) process.exitCode = 1;
}
