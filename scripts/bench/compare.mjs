/**
 * `npm run bench:compare -- [--sizes tiny,base] [--clients 1,2,4,8,16] [--rounds 3] [--against whisper.cpp,faster-whisper]
 * [--out FOLDER] [--chart FILE.svg] [--models-only]`: `sotto bench` on scripted models of these sizes, in q8_0 as all engines can have it.
 * Writes a JSON file for each size and a chart over them; models and rivals are made beneath build/bench, once.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { Failure, runMain } from "../setup/failure.mjs";
import { sha256 } from "../setup/hash-files.mjs";
import { ROOT } from "../setup/root.mjs";
import { run } from "../setup/run.mjs";
import { say } from "../setup/say.mjs";
import { chartOf } from "./chart.mjs";
import { writeScriptedModel } from "./scripted-model.mjs";
import { inEightBits, provideWhisperCpp } from "./whisper-cpp.mjs";

const MODELS = join(ROOT, "build/bench/models");
/** What a scripted model is made of. */
const SOURCES = [
  "scripts/bench/scripted-model.mjs",
  "dist/cli/bench/scripted-text.js",
  "dist/cli/bench/scripted-sound.js",
];

await runMain(async () => {
  const { values } = parseArgs({
    options: {
      sizes: { type: "string", default: "tiny,base" },
      clients: { type: "string", default: "1,2,4,8,16" },
      rounds: { type: "string", default: "3" },
      against: { type: "string", default: "whisper.cpp,faster-whisper" },
      out: { type: "string", default: join(ROOT, "build/bench/results") },
      chart: { type: "string" },
      "models-only": { type: "boolean" },
    },
  });
  mkdirSync(values.out, { recursive: true });
  const results = [];
  if (values["models-only"]) {
    for (const size of values.sizes.split(",")) say(await scriptedModel(size));
    return;
  }
  for (const size of values.sizes.split(",")) {
    const model = await scriptedModel(size);
    const file = resolve(values.out, `${size}.json`);
    const bench = [join(ROOT, "dist/main.js"), "bench", "--model", model, "--out", file, "--rounds", values.rounds];
    const asked = ["--clients", values.clients, ...(values.against ? ["--against", values.against] : [])];
    const { exitCode, outcome } = await run(process.execPath, [...bench, ...asked], { cwd: ROOT, stdout: "own" });
    if (!existsSync(file)) throw new Failure(`sotto bench ended with ${outcome}`, exitCode);
    if (exitCode !== 0) process.exitCode = exitCode;
    results.push(JSON.parse(readFileSync(file, "utf8")));
  }
  const chart = values.chart ?? join(values.out, "chart.svg");
  writeFileSync(chart, chartOf(results));
  say(`wrote ${values.out} and ${chart}`);
});

/** Path of the model in q8_0, made anew when what makes it has changed. @param {string} size */
async function scriptedModel(size) {
  const plain = join(MODELS, `ggml-${size}-scripted.bin`);
  const { quantize } = await provideWhisperCpp();
  const stamp = sha256(SOURCES.map((source) => readFileSync(join(ROOT, source), "utf8")).join(""));
  const stampFile = `${plain}.made-of`;
  if (!existsSync(stampFile) || readFileSync(stampFile, "utf8") !== stamp) {
    say(`writing the scripted model ${size}`);
    rmSync(plain.replace(/\.bin$/, "-q8_0.bin"), { force: true });
    writeScriptedModel(size, plain);
    writeFileSync(stampFile, stamp);
  }
  return inEightBits(plain, quantize);
}
