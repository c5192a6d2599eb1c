/**
 * What HTTP, ffmpeg, planning and the way between processes add to the engine's own time.
 *
 *   npm run bench:overhead -- --model FILE --audio FILE [--workers N] [--rounds 5]
 *
 * In turn: the same windows through the engine's pool of workers in this process, all there from the start, and the file through
 * a server. The upload is one piece of memory to its client, which shares the cores with the server. Prints each round, the
 * medians and their ratio, and one line of JSON with the machine.
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { request } from "node:http";
import { cpus, tmpdir } from "node:os";
import { basename, join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Piscina } from "piscina";
import { ModelStore } from "../../dist/catalog/model-store.js";
import { loadAddon } from "../../dist/engine/addon.js";
import { chooseBackend, modulesOf } from "../../dist/engine/backend.js";
import { newControlWords } from "../../dist/engine/control-words.js";
import { chooseShare, tuningPlace } from "../../dist/engine/tuned-share.js";
import { decodeToSpool } from "../../dist/media/decode.js";
import { DecodingSpool } from "../../dist/media/growing-spool.js";
import { EnergyDetector } from "../../dist/plan/energy-detector.js";
import { speechParams } from "../../dist/plan/speech-params.js";
import { speechWindows } from "../../dist/plan/windows.js";
import { TimeMap } from "../../dist/stitch/time-map.js";

const { values } = parseArgs({
  options: {
    model: { type: "string" },
    audio: { type: "string" },
    workers: { type: "string" },
    rounds: { type: "string", default: "5" },
  },
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

const addon = loadAddon();
const backend = await chooseBackend({ device: "cpu", cpuVariant: "auto", home: folder }, console.warn);
const asked = values.workers === undefined ? undefined : Number(values.workers);
const model = await new ModelStore({ home: folder, configuredModel: values.model }).find(undefined);
const place = tuningPlace(folder, model);
const { workers, threadsPerWorker: threads } = chooseShare({ workers: asked, threads: undefined }, backend, place);
for (const module of modulesOf(backend)) addon.loadBackend(module);
const pool = new Piscina({
  filename: new URL("../../dist/engine/worker.js", import.meta.url).href,
  minThreads: workers,
  maxThreads: workers,
  resourceLimits: { stackSizeMb: 16 },
  workerData: { threads, shortWindows: false },
});
const batch = backend.kernels && { kernels: backend.kernels, threads, windows: workers };
const opening = { modelPath: values.model, device: "", ...(batch ? { batch } : {}) };
const { modelId } = await pool.run(opening, { name: "open" });

async function engineAloneMs() {
  const startedMs = performance.now();
  const params = { task: "transcribe", language: "en", prompt: undefined, temperature: 0, place: spool };
  const decode = (window) => {
    const { speechSpans, partingsMs: jointsMs } = new TimeMap(window);
    const job = { ...params, window, speechSpans, jointsMs };
    return pool.run({ modelId, job, control: newControlWords() }, { name: "decode" });
  };
  await Promise.all(windows.map(decode));
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
const form = new FormData();
form.append("language", "en");
form.append("file", new Blob([readFileSync(values.audio)]), basename(values.audio));
const encoded = new Request(url, { method: "POST", body: form });
const headers = { "content-type": encoded.headers.get("content-type") };
const upload = Buffer.from(await encoded.arrayBuffer());

async function serverMs() {
  const startedMs = performance.now();
  const sending = request(url, { method: "POST", headers: { ...headers, "content-length": upload.length } });
  sending.end(upload);
  const [reply] = await once(sending, "response");
  const body = await text(reply);
  if (reply.statusCode !== 200) throw new Error(body);
  return performance.now() - startedMs;
}

const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
await engineAloneMs();
await serverMs();
const alone = [];
const served = [];
for (let round = 0; round < Number(values.rounds); round++) {
  alone.push(await engineAloneMs());
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
    workers,
    engineAloneMs: Math.round(median(alone)),
    serverMs: Math.round(median(served)),
    ratio: Number(ratio.toFixed(3)),
    fastest: { engineAloneMs: Math.round(Math.min(...alone)), serverMs: Math.round(Math.min(...served)) },
    model: basename(values.model),
    kernels: backend.kernels,
    cpu: cpus()[0]?.model,
    cores: cpus().length,
    commit: execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim(),
  }),
);
server.kill("SIGTERM");
await pool.destroy();
rmSync(folder, { recursive: true, force: true });
