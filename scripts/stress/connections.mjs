/**
 * `npm run stress:connections -- [--connections 500] [--seconds 90]`: five hundred connections at once. Of ten, three upload for
 * 30 s at 1 kB/s, one sends so little that it is cut, one sends half a head, one says nothing, one reads its
 * answer slowly, and three send clips and honour `Retry-After`. Nothing may come but 200, 408 and 429, each with its headers; memory must stay within
 * bounds; afterwards neither file nor connection may be left.
 */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { ROOT } from "../setup/root.mjs";
import { readClips } from "./clips.mjs";
import { residentBytesOf, startServer } from "./running-server.mjs";

const { values } = parseArgs({
  options: { connections: { type: "string", default: "500" }, seconds: { type: "string", default: "90" } },
});
const count = Number(values.connections);
const seconds = Number(values.seconds);
const SLOW_BYTES_PER_SEC = 1000;
const UPLOAD_SEC = 30;
const GRACE_SEC = 20;
const KINDS = ["slow", "slow", "slow", "crawling", "halfHead", "silent", "slowReader", "quick", "quick", "quick"];

const clips = readClips();
const shortest = /** @type {import("./clips.mjs").Clip} */ (clips[0]);
/** A second of speech, in as many bytes as take the time. */
const speech = join(tmpdir(), `sotto-stress-${process.pid}.wav`);
const pcm = ["-t", String((SLOW_BYTES_PER_SEC * UPLOAD_SEC) / 32_000), "-c:a", "pcm_s16le", "-ar", "16000", "-ac", "1"];
execFileSync("ffmpeg", ["-v", "error", "-y", "-i", join(ROOT, "test/fixtures", shortest.file), ...pcm, speech]);
const slowFile = readFileSync(speech);
rmSync(speech);
const quickFile = Buffer.from(await shortest.body.arrayBuffer());

const limits = ["--upload-grace", `${GRACE_SEC}s`, "--head-timeout", `${GRACE_SEC}s`, "--idle-timeout", "30s"];
const server = await startServer([...limits, "--log-level", "error"]);
const { port: portText } = new URL(server.url);
const port = Number(portText);

/** @type {Record<string, Record<string, number>>} */
const outcomes = {};
/** @type {string[]} */
const faults = [];
/** @param {string} kind @param {string} outcome */
function note(kind, outcome) {
  const own = outcomes[kind] ?? {};
  outcomes[kind] = { ...own, [outcome]: (own[outcome] ?? 0) + 1 };
}

/** @param {Buffer} file */
function form(file, fields = "") {
  const head = `--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n`;
  return Buffer.concat([Buffer.from(`${fields}${head}`), file, Buffer.from("\r\n--b--\r\n")]);
}
/** A field that makes each request another, so that none joins another. @param {string} text */
const mark = (text) => `--b\r\nContent-Disposition: form-data; name="user"\r\n\r\n${text}\r\n`;
/** @param {number} bytes */
const post = (bytes) =>
  `POST /v1/audio/transcriptions HTTP/1.1\r\nhost: a\r\ncontent-type: multipart/form-data; boundary=b\r\ncontent-length: ${bytes}\r\n\r\n`;

/**
 * One connection and the first answer on it; undefined: it was closed without one.
 * @param {(socket: import("node:net").Socket) => void} speak
 * @param {{ readPauseMs?: number }} [options]
 * @returns {Promise<{ status: number, headers: string, body: string } | undefined>}
 */
function exchange(speak, { readPauseMs = 0 } = {}) {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    let text = "";
    const answer = () => {
      const end = text.indexOf("\r\n\r\n");
      if (end < 0) return undefined;
      const headers = text.slice(0, end);
      const length = Number(/content-length: (\d+)/i.exec(headers)?.[1] ?? 0);
      const body = text.slice(end + 4);
      return body.length < length ? undefined : { status: Number(headers.split(" ")[1]), headers, body };
    };
    socket.setEncoding("latin1");
    socket.on("connect", () => speak(socket));
    socket.on("data", (chunk) => {
      text += chunk;
      if (readPauseMs > 0) {
        socket.pause();
        setTimeout(() => socket.resume(), readPauseMs);
      }
      if (answer()) socket.end();
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(answer()));
  });
}

/** @param {string} kind @param {Awaited<ReturnType<typeof exchange>>} answer @param {number[]} allowed */
function judge(kind, answer, allowed) {
  note(kind, answer ? String(answer.status) : "closed");
  if (!answer) return void faults.push(`${kind}: closed without an answer`);
  const { status, headers, body } = answer;
  if (!allowed.includes(status)) faults.push(`${kind}: ${status} ${body.slice(0, 200)}`);
  const wanted = {
    200: [/x-request-id: /i],
    408: [/x-should-retry: true/i, /connection: close/i, /x-request-id: /i],
    429: [/x-should-retry: true/i, /retry-after: [1-9]/i, /x-request-id: /i],
  };
  for (const header of wanted[/** @type {200 | 408 | 429} */ (status)] ?? []) {
    if (!header.test(headers)) faults.push(`${kind}: ${status} without ${header.source}`);
  }
  const code = /"code":"(\w+)"/.exec(body)?.[1];
  if (status === 408 && code !== "deadline_exceeded") faults.push(`${kind}: 408 ${code}`);
  if (status === 429 && code !== "queue_full") faults.push(`${kind}: 429 ${code}`);
}

const startedMs = performance.now();
const secondsIn = () => (performance.now() - startedMs) / 1000;

/** Sends a body at so many bytes a second. @param {Buffer} body @param {number} bytesPerSec */
function pour(body, bytesPerSec) {
  return async (/** @type {import("node:net").Socket} */ socket) => {
    socket.write(post(body.length));
    const step = Math.max(1, Math.round(bytesPerSec / 4));
    for (let at = 0; at < body.length && !socket.destroyed; at += step) {
      socket.write(body.subarray(at, at + step));
      await sleep(250);
    }
  };
}

/** @type {Record<string, (index: number) => Promise<void>>} */
const CLIENTS = {
  slow: async (index) =>
    judge("slow", await exchange(pour(form(slowFile, mark(`s${index}`)), SLOW_BYTES_PER_SEC)), [200, 408, 429]),
  crawling: async (index) => judge("crawling", await exchange(pour(form(slowFile, mark(`c${index}`)), 40)), [408, 429]),
  halfHead: async () =>
    judge("halfHead", await exchange((socket) => socket.write("POST /v1/audio/transcriptions HT")), [408]),
  silent: async () => judge("silent", await exchange(() => {}), [408]),
  slowReader: async (index) => {
    const body = form(quickFile, mark(`r${index}`));
    const speak = (/** @type {import("node:net").Socket} */ socket) =>
      socket.write(Buffer.concat([Buffer.from(post(body.length)), body]));
    judge("slowReader", await exchange(speak, { readPauseMs: 1000 }), [200, 429]);
  },
  quick: async (index) => {
    // Until it is served, as an SDK does.
    for (let turn = 0; secondsIn() < seconds; turn++) {
      const body = form(quickFile, mark(`q${index}-${turn}`));
      const answer = await exchange((socket) => socket.write(Buffer.concat([Buffer.from(post(body.length)), body])));
      judge("quick", answer, [200, 429]);
      if (answer?.status !== 429) return;
      const retryAfterSec = Number(/retry-after: (\d+)/i.exec(answer.headers)?.[1] ?? 1);
      if (secondsIn() + retryAfterSec > seconds) return void note("quick", "told to come after the end");
      await sleep(1000 * retryAfterSec);
    }
  },
};

function socketsOf(/** @type {number} */ pid) {
  const links = readdirSync(`/proc/${pid}/fd`).map((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`);
    } catch {
      return "";
    }
  });
  return { open: links.length, sockets: links.filter((link) => link.startsWith("socket:")).length };
}

const before = socketsOf(server.pid);
const restBytes = residentBytesOf(server.pid);
const peak = { residentBytes: 0, sockets: 0, spoolFolders: 0 };
const look = setInterval(() => {
  peak.residentBytes = Math.max(peak.residentBytes, residentBytesOf(server.pid));
  peak.sockets = Math.max(peak.sockets, socketsOf(server.pid).sockets);
  peak.spoolFolders = Math.max(peak.spoolFolders, server.spooled().length);
}, 250);
const clients = Array.from({ length: count }, (_, index) => {
  const kind = KINDS[index % KINDS.length] ?? "quick";
  return /** @type {(index: number) => Promise<void>} */ (CLIENTS[kind])(index);
});
/** Others must be served meanwhile. @type {number[]} */
const healthMs = [];
const isOver = Promise.all(clients).then(() => true);
while (!(await Promise.race([isOver, sleep(500)]))) {
  const askedMs = performance.now();
  const reply = await fetch(`${server.url}/healthz`, { headers: { connection: "close" } });
  await reply.text();
  if (reply.status !== 200) faults.push(`healthz: ${reply.status}`);
  healthMs.push(performance.now() - askedMs);
}
clearInterval(look);
const tookSec = secondsIn();

let after = socketsOf(server.pid);
for (let tries = 0; tries < 100; tries++) {
  after = socketsOf(server.pid);
  if (server.spooled().length === 0 && after.sockets <= before.sockets) break;
  await sleep(100);
}
const spooled = server.spooled().length;
await sleep(2000);
const restAfterBytes = residentBytesOf(server.pid);
const exitCode = await server.stop();
healthMs.sort((a, b) => a - b);
const mib = (/** @type {number} */ bytes) => Math.round(bytes / 1024 ** 2);
const result = {
  connections: count,
  seconds: Math.round(tookSec),
  slowFileBytes: slowFile.length,
  outcomes,
  faults: faults.slice(0, 20),
  faultCount: faults.length,
  healthMs: {
    median: Math.round(healthMs[Math.floor(healthMs.length / 2)] ?? 0),
    worst: Math.round(healthMs.at(-1) ?? 0),
  },
  peakSockets: peak.sockets,
  peakSpoolFolders: peak.spoolFolders,
  serverMib: { before: mib(restBytes), peak: mib(peak.residentBytes), after: mib(restAfterBytes) },
  left: { files: spooled, sockets: after.sockets - before.sockets, descriptors: after.open - before.open },
  exitCode,
  cpu: cpus()[0]?.model,
  cores: cpus().length,
};
process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
const isClean = spooled === 0 && after.sockets <= before.sockets && exitCode === 0;
process.exitCode = faults.length === 0 && isClean ? 0 : 1;
