/**
 * Judges a model on recordings of one's own:
 *
 *   npm run eval -- FOLDER [--model ID] [--url http://127.0.0.1:8178] [--language L] [--normaliser auto|english|basic]
 *                  [--prompt TEXT] [--no-vad] [--jobs 1] [--alignments] [--json FILE]
 *
 * FOLDER holds recordings (any format) and beside each the text that is said in it: `talk.flac` and `talk.txt`; an empty
 * text means that there is no speech. `talk.json` may hold times in seconds:
 * `{"segments": [{"start", "end", "text"}], "words": [{"word", "start", "end"}]}`.
 *
 * Without --url a server is started for it, with the models and options that `sotto serve` has here. Prints a row for each
 * file and one for all; --alignments prints every word that was heard wrongly, --json keeps everything in a file.
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { Failure, runMain } from "../setup/failure.mjs";
import { readRecordings } from "./recordings.mjs";
import { errorsOf, tableOf } from "./report.mjs";
import { score } from "./score.mjs";
import { serverAt } from "./server.mjs";
import { summarise } from "./summary.mjs";
import { transcribe } from "./transcribe.mjs";

await runMain(async () => {
  const { folder, options } = parseOptions();
  const recordings = readRecordings(folder);
  const server = await serverAt(options);
  /** @type {import("./summary.mjs").FileResult[]} */
  const files = new Array(recordings.length);
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < recordings.length; index = next++) {
      const recording = /** @type {import("./recordings.mjs").Recording} */ (recordings[index]);
      const { heard, elapsedSec } = await transcribe(server.url, recording.path, options);
      files[index] = { file: recording.name, heard, elapsedSec, ...score(recording.reference, heard, options) };
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.max(1, Number(options.jobs)) }, worker));
  } finally {
    await server.stop();
  }
  const summary = summarise(files);
  process.stdout.write(`${tableOf(files, summary)}\n`);
  if (options.alignments) process.stdout.write(`\n${errorsOf(files)}\n`);
  if (options.json) writeFileSync(options.json, `${JSON.stringify({ summary, files }, undefined, 1)}\n`);
});

function parseOptions() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        url: { type: "string" },
        model: { type: "string" },
        language: { type: "string" },
        normaliser: { type: "string", default: "auto" },
        prompt: { type: "string" },
        "no-vad": { type: "boolean" },
        jobs: { type: "string", default: "1" },
        alignments: { type: "boolean" },
        json: { type: "string" },
      },
    });
    const [folder, ...more] = positionals;
    if (!folder || more.length > 0) throw new Error("Expected one folder of recordings");
    const { normaliser } = values;
    if (normaliser !== "auto" && normaliser !== "english" && normaliser !== "basic") {
      throw new Error(`Expected --normaliser auto, english or basic, not '${normaliser}'`);
    }
    return { folder, options: { ...values, normaliser: /** @type {import("./score.mjs").Normaliser} */ (normaliser) } };
  } catch (error) {
    throw new Failure(error instanceof Error ? error.message : String(error));
  }
}
