/**
 * `npm run stress:soak -- [--minutes 30] [--clients 6]`: mixed load (short and long clips, every format, broken files,
 * clients that leave) for as long as it is told. Prints how the resident memory of both processes moved: the median of
 * the three minutes after the fifth against that of the last three.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { readClips, transcribe } from "./clips.mjs";
import { residentBytesOf, startServer } from "./running-server.mjs";

const WARM_UP_MINUTES = 5;
const COMPARED_MINUTES = 3;
const SAMPLE_EVERY_MS = 5000;
const FORMATS = ["json", "text", "srt", "vtt", "verbose_json"];

const { values } = parseArgs({
  options: { minutes: { type: "string", default: "30" }, clients: { type: "string", default: "6" } },
});
const minutes = Number(values.minutes);
const clips = readClips();
const server = await startServer(["--keep-alive", "-1"]);
const startedMs = performance.now();
const minutesIn = () => (performance.now() - startedMs) / 60_000;

/** @type {Record<string, number>} */
const outcomes = {};
const count = (/** @type {string} */ outcome) => {
  outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
};
/** @template T @param {readonly T[]} list @returns {T} */
const any = (list) => /** @type {T} */ (list[Math.floor(Math.random() * list.length)]);

async function request() {
  const clip = any(clips);
  const chance = Math.random();
  if (chance < 0.1) {
    // Cut off, or nothing that was ever audio.
    const body = chance < 0.05 ? clip.body.slice(0, Math.floor(Math.random() * 2000)) : new Blob(["no audio at all"]);
    return (await transcribe(server.url, { ...clip, body })).status;
  }
  if (chance < 0.25) {
    const signal = AbortSignal.timeout(Math.floor(Math.random() * 1500));
    return transcribe(server.url, clip, { signal }).then(
      ({ status }) => status,
      () => "left",
    );
  }
  const form = new FormData();
  form.append("response_format", any(FORMATS));
  if (chance < 0.4) form.append("prompt", "digits ".repeat(Math.ceil(Math.random() * 300)));
  form.append("file", clip.body, clip.file);
  const reply = await fetch(`${server.url}/v1/audio/transcriptions`, { method: "POST", body: form });
  await reply.text();
  return reply.status;
}

async function client() {
  while (minutesIn() < minutes) {
    count(String(await request().catch((error) => `no answer: ${error.message}`)));
    await sleep(Math.random() * 200);
  }
}

/** @type {{ minute: number, serverBytes: number, engineBytes: number }[]} */
const samples = [];
async function watch() {
  while (minutesIn() < minutes) {
    const [engine] = server.enginePids();
    const engineBytes = engine ? residentBytesOf(engine) : 0;
    samples.push({ minute: minutesIn(), serverBytes: residentBytesOf(server.pid), engineBytes });
    await sleep(SAMPLE_EVERY_MS);
  }
}

const [firstEngine] = server.enginePids();
await Promise.all([watch(), ...Array.from({ length: Number(values.clients) }, client)]);
const [lastEngine] = server.enginePids();
// What the last ones to leave have begun ends within a moment.
for (let tries = 0; server.spooled().length > 0 && tries < 50; tries++) await sleep(100);
const spooled = server.spooled().length;
const exitCode = await server.stop();

/** @param {number} from @param {number} to @param {"serverBytes" | "engineBytes"} name */
function medianMib(from, to, name) {
  const within = samples.filter(({ minute }) => minute >= from && minute < to).map((sample) => sample[name]);
  within.sort((a, b) => a - b);
  return Math.round((10 * (within[Math.floor(within.length / 2)] ?? 0)) / 1024 ** 2) / 10;
}
/** @param {"serverBytes" | "engineBytes"} name */
function growth(name) {
  const early = medianMib(WARM_UP_MINUTES, WARM_UP_MINUTES + COMPARED_MINUTES, name);
  const late = medianMib(minutes - COMPARED_MINUTES, minutes + 1, name);
  return { afterWarmUpMib: early, atTheEndMib: late, percent: Math.round((1000 * (late - early)) / early) / 10 };
}
const result = {
  minutes,
  clients: Number(values.clients),
  outcomes,
  server: growth("serverBytes"),
  engine: growth("engineBytes"),
  sameEngine: firstEngine === lastEngine,
  filesLeft: spooled,
  exitCode,
};
process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
process.exitCode = spooled === 0 && exitCode === 0 ? 0 : 1;
