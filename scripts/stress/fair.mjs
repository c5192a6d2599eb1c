/**
 * Clips beside a long file: does everybody get a fair share?
 *
 *   npm run stress:fair -- [--keys none|two] [--clients 64] [--seconds 60] [--hours 3] [--model FILE] [--whole]
 *
 * Clients send clips of 5 s, each the next as soon as it has the answer to the last. Measured one after the other: one such
 * client alone (the serial figure), the file alone, all clients without the file, all clients beside it. `--keys none`: all
 * are one owner, and the file is one request among many; `--keys two`: the file has one API key, all clips another. The fair share
 * of the file is half of the machine with two keys, else one in as many as there are requests. Throughput is what clips and file
 * get of the best that each gets alone, added up: the best of clips is that of one client or of all, whichever is more. `--whole`:
 * the clients go on until the whole file is done; else for `--beside-seconds` (default: as `--seconds`). How far the
 * file is shows in the pieces of text of its stream. Prints a line of JSON; exit code 1 when a mark is missed.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { ROOT } from "../setup/root.mjs";
import { makeSpeech, quantile, rounded, send, sendClip } from "./fair-load.mjs";
import { startServer } from "./running-server.mjs";

const WAIT_MARK = 2;
const FILE_MARK = 1.3;
const THROUGHPUT_MARK = 0.95;
/** What comes in the first moments belongs to the time before. */
const SETTLE_MS = 3000;

const { values } = parseArgs({
  options: {
    keys: { type: "string", default: "none" },
    clients: { type: "string", default: "64" },
    seconds: { type: "string", default: "60" },
    hours: { type: "string", default: "3" },
    model: { type: "string" },
    "beside-seconds": { type: "string" },
    whole: { type: "boolean", default: false },
  },
});
const clients = Number(values.clients);
const phaseMs = 1000 * Number(values.seconds);
const besidePhaseMs = 1000 * Number(values["beside-seconds"] ?? values.seconds);
const folder = mkdtempSync(join(tmpdir(), "sotto-fair-"));
const clip = makeSpeech(folder, 5);
const file = makeSpeech(folder, 3600 * Number(values.hours));
const server = await startServer(["--max-queue", "1024", ...(values.model ? ["--model", values.model] : [])]);

/** @param {string} name */
function makeKey(name) {
  const args = [join(ROOT, "dist/main.js"), "keys", "create", name, "--home", server.home];
  return spawnSync(process.execPath, args, { encoding: "utf8" }).stdout.trim();
}
const [fileKey, clipKey] = values.keys === "two" ? [makeKey("file"), makeKey("clips")] : [undefined, undefined];
await sleep(1500); // a running server sees new keys within a second
const withKey = (/** @type {string | undefined} */ key) => (key === undefined ? {} : { key });

/**
 * Clients in a closed loop.
 * @param {number} count
 * @param {() => boolean} isOver
 */
async function sendClips(count, isOver) {
  const startedMs = performance.now();
  /** Of clips that were sent after the first moments. @type {{ tookMs: number, queueMs: number }[]} */
  const answers = [];
  let answered = 0;
  let endedMs = startedMs;
  const client = async () => {
    while (!isOver()) {
      const { status, sentMs, tookMs, queueMs } = await sendClip(server.url, clip, withKey(clipKey));
      if (status !== 200) throw new Error(`a clip was answered ${status}`);
      if (isOver()) return;
      endedMs = performance.now();
      if (endedMs - startedMs > SETTLE_MS) answered++;
      if (sentMs - startedMs > SETTLE_MS) answers.push({ tookMs, queueMs });
    }
  };
  await Promise.all(Array.from({ length: count }, client));
  return { answers, perSec: (1000 * answered) / (endedMs - startedMs - SETTLE_MS) };
}
const forPhase = (ms = phaseMs) => {
  const endMs = performance.now() + SETTLE_MS + ms;
  return () => performance.now() > endMs;
};

/** The file, and when each piece of its text came. @param {AbortSignal} [signal] */
async function sendFile(signal) {
  const { reply, sentMs } = await send(server.url, file, {
    ...withKey(fileKey),
    fields: { stream: "true" },
    ...(signal ? { signal } : {}),
  });
  if (reply.status !== 200) throw new Error(`the file was answered ${reply.status}: ${await reply.text()}`);
  /** @type {number[]} */
  const textsMs = [];
  const read = async () => {
    for await (const chunk of /** @type {ReadableStream<Uint8Array>} */ (reply.body).pipeThrough(
      new TextDecoderStream(),
    )) {
      // What came together was read together: several pieces may be in one chunk.
      for (const _ of chunk.matchAll(/transcript\.text\.delta/g)) textsMs.push(performance.now());
    }
    return performance.now() - sentMs;
  };
  return { textsMs, done: read() };
}
/** Pieces a second, from the first to the last of those between two moments. @param {number[]} textsMs @param {number} fromMs @param {number} toMs */
function rateOf(textsMs, fromMs, toMs) {
  const within = textsMs.filter((ms) => ms >= fromMs && ms < toMs);
  return (1000 * (within.length - 1)) / ((within.at(-1) ?? 0) - (within[0] ?? 0));
}

for (let warm = 0; warm < 5; warm++) await sendClip(server.url, clip, withKey(clipKey));
const serial = await sendClips(1, forPhase());
const serialPerSec = serial.perSec;

let aloneMs;
let alonePerSec;
{
  const leaving = new AbortController();
  const { textsMs, done } = await sendFile(leaving.signal);
  if (values.whole) aloneMs = await done;
  else {
    done.catch(() => {});
    await sleep(SETTLE_MS + phaseMs / 2);
    leaving.abort();
  }
  alonePerSec = rateOf(textsMs, 0, Number.POSITIVE_INFINITY);
}
await sleep(1000);
const without = await sendClips(clients, forPhase());

const leaving = new AbortController();
const { textsMs, done } = await sendFile(leaving.signal);
let isDone = false;
const fileDone = done.then(
  (ms) => {
    isDone = true;
    return ms;
  },
  () => undefined,
);
await sleep(500);
const fromMs = performance.now() + SETTLE_MS;
const beside = await sendClips(clients, values.whole ? () => isDone : forPhase(besidePhaseMs));
const toMs = performance.now();
if (!values.whole) leaving.abort();
const besideMs = await fileDone;

const fairShare = values.keys === "two" ? 1 / 2 : 1 / (clients + 1);
const filePerSec = rateOf(textsMs, fromMs, toMs);
/**
 * @param {{ answers: { tookMs: number, queueMs: number }[] }} measured
 * @param {"tookMs" | "queueMs"} name
 * @param {number} [share] default: the median
 */
const answersAt = ({ answers }, name, share) =>
  quantile(
    answers.map((answer) => answer[name]),
    share,
  );
const waitRatio = answersAt(beside, "tookMs") / answersAt(without, "tookMs");
const fileRatio =
  besideMs !== undefined && aloneMs !== undefined
    ? (besideMs * fairShare) / aloneMs
    : (alonePerSec * fairShare) / filePerSec;
const fileShare = besideMs !== undefined && aloneMs !== undefined ? aloneMs / besideMs : filePerSec / alonePerSec;
// The best that clips get alone: a single client's one after another, or those of all clients.
const bestPerSec = Math.max(serialPerSec, without.perSec);
const throughput = beside.perSec / bestPerSec + fileShare;
const result = {
  keys: values.keys,
  clients,
  clipsMeasured: { serial: serial.answers.length, without: without.answers.length, beside: beside.answers.length },
  clipsPerSec: { serial: rounded(serialPerSec), without: rounded(without.perSec), beside: rounded(beside.perSec) },
  medianMs: { without: Math.round(answersAt(without, "tookMs")), beside: Math.round(answersAt(beside, "tookMs")) },
  medianQueueMs: {
    without: Math.round(answersAt(without, "queueMs")),
    beside: Math.round(answersAt(beside, "queueMs")),
  },
  p95Ms: {
    without: Math.round(answersAt(without, "tookMs", 0.95)),
    beside: Math.round(answersAt(beside, "tookMs", 0.95)),
  },
  waitRatio: rounded(waitRatio),
  file: {
    hours: Number(values.hours),
    textsPerSec: { alone: rounded(alonePerSec), beside: rounded(filePerSec) },
    ...(aloneMs === undefined
      ? {}
      : { sec: { alone: rounded(aloneMs / 1000), beside: rounded((besideMs ?? 0) / 1000) } }),
    timeToFairShare: rounded(fileRatio),
  },
  throughput: rounded(throughput),
  throughputBySerialClips: rounded(beside.perSec / serialPerSec + fileShare),
  model: values.model ?? "sotto-mini",
  cores: cpus().length,
  cpu: cpus()[0]?.model,
};
process.stdout.write(`${JSON.stringify(result)}\n`);
await server.stop();
rmSync(folder, { recursive: true, force: true });
const isGood = waitRatio <= WAIT_MARK && fileRatio <= FILE_MARK && throughput >= THROUGHPUT_MARK;
process.exitCode = isGood ? 0 : 1;
