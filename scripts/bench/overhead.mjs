/**
 * What HTTP, ffmpeg, planning and the way between processes add to the engine's own time.
 *
 *   npm run bench:overhead -- --model FILE --audio FILE [--rounds 5]
 *
 * In turn: the same windows through the addon in this process, with nothing around it, and the file through a server.
 * Prints each round, the medians and their ratio, and one line of JSON with the machine.
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync, readSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { basename, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { loadAddon } from "../../dist/engine/addon.js";
import { chooseBackend, modulesOf } from "../../dist/engine/backend.js";
import { newControlWords } from "../../dist/engine/control-words.js";
import { LoadedModel } from "../../dist/engine/loaded-model.js";
import { divideCores } from "../../dist/engine/parallelism.js";
import { decodeWindow } from "../../dist/engine/window-decoder.js";
import { decodeToSpool } from "../../dist/media/decode.js";
import { DecodingSpool } from "../../dist/media/growing-spool.js";
import { EnergyDetector } from "../../dist/plan/energy-detector.js";
import { speechParams } from "../../dist/plan/speech-params.js";
import { speechWindows } from "../../dist/plan/windows.js";

const { values } = parseArgs({
  options: { model: { type: "string" }, audio: { type: "string" }, rounds: { type: "string", default: "5" } },
});
if (!values.model || !values.audio) throw new Error("Expected --model FILE --audio FILE");

// As the engine process is started: see src/engine/engine-process.ts. The library reads it when it is loaded.
if (!process.env.GOMP_SPINCOUNT) {
  const child = spawn(process.execPath, process.argv.slice(1), {
    stdio: "inherit",
    env: { ...process.env, GOMP_SPINCOUNT: "1000" },
  });
  const [code] = await once(child, "exit");
  process.exit(code ?? 1);
}

const folder = mkdtempSync(join(tmpdir(), "sotto-overhead-"));
const spool = await decodeToSpool({
  inputPath: values.audio,
  outputPath: join(folder, "audio.s16le"),
  ffmpegPath: "ffmpeg",
  maximumMs: 12 * 3_600_000,
});
const search = { detector: new EnergyDetector(), params: speechParams(undefined) };
const growing = new DecodingSpool(spool.path, Promise.resolve(spool));
const windows = [];
for await (const window of speechWindows(growing, search, new AbortController().signal, { speechMs: 0 })) {
  windows.push(window);
}

const { workers, threadsPerWorker } = divideCores({ workers: 1, threads: undefined });
const addon = loadAddon();
const backend = await chooseBackend({ device: "cpu", cpuVariant: "auto", home: folder }, console.warn);
for (const module of modulesOf(backend)) addon.loadBackend(module);
const model = new LoadedModel(addon, addon.openModel(values.model, ""));
const session = addon.openSession(model.id, threadsPerWorker);
const go = newControlWords();

function engineAloneMs() {
  const startedMs = performance.now();
  const params = { task: "transcribe", language: "en", prompt: undefined, temperature: 0 };
  const file = openSync(spool.path, "r");
  for (const { stretches } of windows) {
    const pcm = new Int16Array(stretches.reduce((sum, { sampleCount }) => sum + sampleCount, 0));
    let at = 0;
    for (const { firstSample, sampleCount } of stretches) {
      at += readSync(file, pcm.subarray(at, at + sampleCount), 0, sampleCount * 2, firstSample * 2) / 2;
    }
    decodeWindow(session, model, pcm, params, go);
  }
  closeSync(file);
  return performance.now() - startedMs;
}

const main = fileURLToPath(new URL("../../dist/main.js", import.meta.url));
const server = spawn(
  process.execPath,
  [main, "serve", "--port", "0", "--home", folder, "--model", values.model, "--workers", String(workers)],
  {
    stdio: ["ignore", "pipe", "ignore"],
  },
);
const [line] = await once(createInterface({ input: server.stdout }), "line");
const url = `${line.replace("listening on ", "")}/v1/audio/transcriptions`;
const upload = readFileSync(values.audio);

async function serverMs() {
  const form = new FormData();
  form.append("language", "en");
  form.append("file", new Blob([upload]), basename(values.audio));
  const startedMs = performance.now();
  const reply = await fetch(url, { method: "POST", body: form });
  const body = await reply.json();
  if (reply.status !== 200) throw new Error(JSON.stringify(body));
  return performance.now() - startedMs;
}

const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
engineAloneMs();
await serverMs();
const alone = [];
const served = [];
for (let round = 0; round < Number(values.rounds); round++) {
  alone.push(engineAloneMs());
  served.push(await serverMs());
  console.log(
    `round ${round + 1}: engine alone ${alone.at(-1).toFixed(0)} ms, server ${served.at(-1).toFixed(0)} ms, ratio ${(served.at(-1) / alone.at(-1)).toFixed(3)}`,
  );
}
const ratio = median(served.map((ms, round) => ms / alone[round]));
console.log(
  JSON.stringify({
    audioSec: spool.sampleCount / 16_000,
    windows: windows.length,
    engineAloneMs: Math.round(median(alone)),
    serverMs: Math.round(median(served)),
    ratio: Number(ratio.toFixed(3)),
    model: basename(values.model),
    cpu: cpus()[0]?.model,
    cores: cpus().length,
    commit: execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim(),
  }),
);
server.kill("SIGTERM");
session.close();
rmSync(folder, { recursive: true, force: true });
