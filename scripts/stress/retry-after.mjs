/**
 * Is `Retry-After` true?
 *
 *   npm run stress:retry -- [--clients 60] [--queue 16] [--seconds 60] [--model FILE]
 *
 * Clients send clips of 5 s in a closed loop to a server whose queue is far too short for them, and come back exactly when
 * they are told to. Two things are counted. Kept: whoever came back when told was let in. True: what was told is within a
 * factor of two of the time after which there was a place for that client: when as many requests had been answered as had been
 * told before it to come back and had not, and one more. Header and mark are in whole seconds; a second more is no fault.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { makeSpeech, quantile, rounded, sendClip } from "./fair-load.mjs";
import { startServer } from "./running-server.mjs";

const KEPT_MARK = 0.9;
const TRUE_MARK = 0.9;
const FACTOR = 2;

const { values } = parseArgs({
  options: {
    clients: { type: "string", default: "60" },
    queue: { type: "string", default: "16" },
    seconds: { type: "string", default: "60" },
    model: { type: "string" },
  },
});
const folder = mkdtempSync(join(tmpdir(), "sotto-retry-"));
const clip = makeSpeech(folder, 5);
const server = await startServer(["--max-queue", values.queue, ...(values.model ? ["--model", values.model] : [])]);
for (let warm = 0; warm < 5; warm++) await sendClip(server.url, clip);

const endMs = performance.now() + 1000 * Number(values.seconds);
/** @type {number[]} */
const answeredMs = [];
/** @type {{ atMs: number, toldMs: number, before: number }[]} */
const told = [];
let outstanding = 0;
let kept = 0;
let broken = 0;

/** @param {number} index */
async function client(index) {
  // As with real recordings no two uploads are of the same length, by which a client is known again.
  const fields = { prompt: "x".repeat(index) };
  let wasTold = false;
  while (performance.now() < endMs) {
    const { status, retryAfterMs } = await sendClip(server.url, clip, { fields });
    const atMs = performance.now();
    if (status === 200) {
      if (wasTold) kept++;
      wasTold = false;
      answeredMs.push(atMs);
      continue;
    }
    if (status !== 429) throw new Error(`answered ${status}`);
    if (wasTold) broken++;
    wasTold = true;
    told.push({ atMs, toldMs: retryAfterMs, before: outstanding });
    outstanding++;
    await sleep(retryAfterMs);
    outstanding--;
  }
}
await Promise.all(Array.from({ length: Number(values.clients) }, (_, index) => client(index)));

const judged = told.flatMap(({ atMs, toldMs, before }) => {
  const free = answeredMs.filter((ms) => ms > atMs)[before];
  return free === undefined || free > endMs ? [] : [{ toldMs, trueMs: free - atMs }];
});
const isTrue = (/** @type {{ toldMs: number, trueMs: number }} */ { toldMs, trueMs }) =>
  toldMs >= trueMs / FACTOR && toldMs <= Math.max(FACTOR * trueMs, trueMs + 1000);
const ratios = judged.map(({ toldMs, trueMs }) => toldMs / trueMs);
const keptShare = kept / (kept + broken);
const trueShare = judged.filter(isTrue).length / judged.length;
const result = {
  clients: Number(values.clients),
  queue: Number(values.queue),
  answered: answeredMs.length,
  refused: told.length,
  keptShare: rounded(keptShare),
  judged: judged.length,
  trueWithinFactorTwo: rounded(trueShare),
  toldToTrue: {
    p5: rounded(quantile(ratios, 0.05)),
    median: rounded(quantile(ratios)),
    p95: rounded(quantile(ratios, 0.95)),
  },
  toldSec: {
    median: quantile(judged.map(({ toldMs }) => toldMs)) / 1000,
    most: Math.max(...told.map(({ toldMs }) => toldMs)) / 1000,
  },
  model: values.model ?? "sotto-mini",
  cores: cpus().length,
  cpu: cpus()[0]?.model,
};
process.stdout.write(`${JSON.stringify(result)}\n`);
await server.stop();
rmSync(folder, { recursive: true, force: true });
process.exitCode = keptShare >= KEPT_MARK && trueShare >= TRUE_MARK ? 0 : 1;
