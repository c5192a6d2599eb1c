/**
 * A server with Sotto's own kernels against one with ggml's, on the same recordings, round after round in turns.
 *
 *   npm run bench:own-kernels -- --model FILE --long FILE [--rounds 3] [--clients 16] [--json FILE]
 *
 * Three tasks: the long recording, its first 11 s, and those 11 s sent by many clients at once. Prints the medians, their
 * ratio, resident memory of the engine after the last round, and one line of JSON with the machine. The language is named,
 * and no VAD is used but the plan's own.
 */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { basename } from "node:path";
import { parseArgs } from "node:util";
import { residentBytesOf, startServer } from "../stress/running-server.mjs";

const CLIP_SEC = 11;
const KERNELS = /** @type {const} */ (["auto", "ggml"]);

const { values } = parseArgs({
  options: {
    model: { type: "string" },
    long: { type: "string" },
    rounds: { type: "string", default: "3" },
    clients: { type: "string", default: "16" },
    json: { type: "string" },
  },
});
if (!values.model || !values.long) throw new Error("Expected --model FILE --long FILE");
const clients = Number(values.clients);
const long = new Blob([readFileSync(values.long)]);
const cut = ["-v", "error", "-i", values.long, "-t", `${CLIP_SEC}`, "-f", "wav", "-"];
const clip = new Blob([execFileSync("ffmpeg", cut, { maxBuffer: 1e9 })]);

/** @param {string} url @param {Blob} audio */
async function transcribe(url, audio) {
  const form = new FormData();
  form.append("language", "en");
  form.append("file", audio, "audio.wav");
  const reply = await fetch(`${url}/v1/audio/transcriptions`, { method: "POST", body: form });
  if (reply.status !== 200) throw new Error(await reply.text());
  return /** @type {{ text: string }} */ (await reply.json()).text;
}

/** @type {Record<string, (url: string) => Promise<unknown>>} */
const TASKS = {
  long: (url) => transcribe(url, long),
  clip: (url) => transcribe(url, clip),
  // The same audio from all would be joined into one.
  clients: (url) => Promise.all(Array.from({ length: clients }, (_, index) => transcribe(url, distinct(index)))),
};

/** @param {number} index */
function distinct(index) {
  return new Blob([clip, new Uint8Array(2 * (index + 1))]);
}

const servers = await Promise.all(
  KERNELS.map((kernels) =>
    startServer([
      "--kernels",
      kernels,
      "--model",
      /** @type {string} */ (values.model),
      "--max-queue",
      `${clients}`,
      "--device",
      "cpu",
    ]),
  ),
);
/** @type {Record<string, Record<string, number[]>>} */
const times = Object.fromEntries(Object.keys(TASKS).map((task) => [task, { auto: [], ggml: [] }]));
/** What the engine's process computed, on all cores: busy neighbours lengthen it less. @type {Record<string, Record<string, number[]>>} */
const cpuTimes = Object.fromEntries(Object.keys(TASKS).map((task) => [task, { auto: [], ggml: [] }]));
/** @type {Record<string, Set<string>>} */
const texts = Object.fromEntries(Object.keys(TASKS).map((task) => [task, new Set()]));
try {
  for (let round = 0; round <= Number(values.rounds); round++) {
    for (const [task, run] of Object.entries(TASKS)) {
      for (const [index, server] of servers.entries()) {
        const kernels = /** @type {string} */ (KERNELS[index]);
        const begunCpuMs = cpuMsOf(server);
        const startedMs = performance.now();
        const text = await run(server.url);
        const ms = performance.now() - startedMs;
        const cpuMs = cpuMsOf(server) - begunCpuMs;
        process.stderr.write(
          `round ${round}: ${task}, ${kernels}: ${seconds(ms)} s, engine ${seconds(cpuMs)} s of cores\n`,
        );
        // The first round warms up.
        if (round === 0) continue;
        times[task]?.[kernels]?.push(ms);
        cpuTimes[task]?.[kernels]?.push(cpuMs);
        texts[task]?.add(Array.isArray(text) ? text.join("\n") : String(text));
      }
    }
  }
  const memory = servers.map((server) => server.enginePids().reduce((sum, pid) => sum + residentBytesOf(pid), 0));
  const figures = Object.fromEntries(
    Object.entries(times).map(([task, { auto = [], ggml = [] }]) => {
      const [own, theirs] = [median(auto), median(ggml)];
      const [ownCpu, theirCpu] = [median(cpuTimes[task]?.auto ?? []), median(cpuTimes[task]?.ggml ?? [])];
      const sameText = texts[task]?.size === 1;
      return [
        task,
        {
          ownSec: seconds(own),
          ggmlSec: seconds(theirs),
          times: ratio(theirs, own),
          ownCpuSec: seconds(ownCpu),
          ggmlCpuSec: seconds(theirCpu),
          cpuTimes: ratio(theirCpu, ownCpu),
          sameText,
        },
      ];
    }),
  );
  const report = {
    model: basename(values.model),
    clients,
    rounds: Number(values.rounds),
    cpu: `${cpus().length} × ${cpus()[0]?.model}`,
    engineMib: memory.map((bytes) => Math.round(bytes / 2 ** 20)),
    figures,
  };
  process.stdout.write(`${JSON.stringify(report)}\n`);
  if (values.json) writeFileSync(values.json, JSON.stringify({ ...report, times }, undefined, 1));
} finally {
  await Promise.all(servers.map((server) => server.stop()));
}

/** @param {number[]} list */
function median(list) {
  return [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? Number.NaN;
}

/** @param {number} ms */
function seconds(ms) {
  return Number((ms / 1000).toFixed(2));
}

/** @param {number} one @param {number} other */
function ratio(one, other) {
  return Number((one / other).toFixed(2));
}

/** Processor time of the engines of a server. @param {{ enginePids(): number[] }} server */
function cpuMsOf(server) {
  const ticks = server.enginePids().map((pid) => {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
    return Number(fields[11]) + Number(fields[12]);
  });
  return 10 * ticks.reduce((sum, count) => sum + count, 0);
}
