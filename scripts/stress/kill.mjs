/**
 * `npm run stress:kill -- [--kills 100] [--clients 8]`: clients send clips without pause while the engine is killed in
 * every way there is. Every answer must come and be the clip's own, the server must keep its process, and nothing may
 * be left behind.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { readClips, transcribe } from "./clips.mjs";
import { startServer } from "./running-server.mjs";

/** SIGSTOP stands for a hang: the process is there and does nothing. */
const SIGNALS = /** @type {const} */ (["SIGKILL", "SIGSEGV", "SIGABRT", "SIGSTOP"]);
const NEXT_ENGINE_WITHIN_MS = 60_000;
const LONGEST_PAUSE_MS = 2500;

const { values } = parseArgs({
  options: { kills: { type: "string", default: "100" }, clients: { type: "string", default: "8" } },
});
const kills = Number(values.kills);
const clips = readClips().filter(({ durationSec }) => durationSec < 40);
const server = await startServer();
const startedMs = performance.now();

/** What the model makes of each clip, undisturbed. @type {Map<string, string>} */
const expected = new Map();
for (const clip of clips) expected.set(clip.file, (await transcribe(server.url, clip)).text ?? "");

let isOver = false;
let answers = 0;
/** @type {string[]} */
const faults = [];

/** @param {number} index */
async function client(index) {
  for (let turn = index; !isOver; turn++) {
    const clip = /** @type {import("./clips.mjs").Clip} */ (clips[turn % clips.length]);
    try {
      const { status, text, error } = await transcribe(server.url, clip);
      answers++;
      if (status !== 200) faults.push(`${clip.file}: ${status} ${error?.code}`);
      else if (text !== expected.get(clip.file))
        faults.push(`${clip.file}: expected '${expected.get(clip.file)}', came '${text}'`);
    } catch (error) {
      faults.push(`${clip.file}: no answer (${error instanceof Error ? error.message : error})`);
    }
  }
}

async function waitForEngine(/** @type {number} */ other) {
  const endMs = performance.now() + NEXT_ENGINE_WITHIN_MS;
  for (;;) {
    const pid = server.enginePids().find((found) => found !== other);
    if (pid) return pid;
    if (performance.now() > endMs) throw new Error("no engine came within a minute");
    await sleep(20);
  }
}

const clients = Array.from({ length: Number(values.clients) }, (_, index) => client(index));
let last = 0;
for (let kill = 0; kill < kills; kill++) {
  const engine = await waitForEngine(last);
  // While it loads, while it computes, or just as it is done.
  await sleep(Math.random() * LONGEST_PAUSE_MS);
  const signal = SIGNALS[kill % SIGNALS.length] ?? "SIGKILL";
  process.kill(engine, signal);
  last = engine;
  if (process.stderr.isTTY) process.stderr.write(`\rkill ${kill + 1} of ${kills}, ${answers} answers`);
}
await waitForEngine(last);
isOver = true;
await Promise.all(clients);

const isAlive = server.isAlive();
const spooled = server.spooled();
const engines = server.enginePids();
const exitCode = await server.stop();
const orphans = engines.filter((pid) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
});
const result = {
  kills,
  clients: clients.length,
  answers,
  seconds: Math.round((performance.now() - startedMs) / 1000),
  faults,
  serverKeptItsProcess: isAlive,
  filesLeft: spooled.length,
  processesLeft: orphans.length,
  exitCode,
};
process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
const isGood = faults.length === 0 && isAlive && spooled.length === 0 && orphans.length === 0 && exitCode === 0;
process.exitCode = isGood ? 0 : 1;
