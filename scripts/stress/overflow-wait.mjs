/**
 * Does overflow begin at the configured wait, and end when the queue is short?
 *
 *   npm run stress:overflow -- [--after-ms 5000] [--seconds 40] [--model FILE]
 *
 * Clips of 5 s come at more than the pace at which they can be decoded; a provider in this process answers at once whatever is
 * sent to it. While requests go out, those that are still served here are the ones whose expected wait was just below the
 * configured one. The time from their arrival until their window was in a slot, as their replies report it, is held against it. Then the load ends, and so must the overflow.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { makeSpeech, quantile, rounded, sendClip } from "./fair-load.mjs";
import { startServer } from "./running-server.mjs";

const MARK = 0.1;
/** Of the pace that the server can hold. */
const OVERLOAD = 1.5;
/** From which that pace is taken. */
const WARM_CLIPS = 96;

const { values } = parseArgs({
  options: {
    "after-ms": { type: "string", default: "5000" },
    seconds: { type: "string", default: "40" },
    model: { type: "string" },
  },
});
const afterMs = Number(values["after-ms"]);
const folder = mkdtempSync(join(tmpdir(), "sotto-overflow-"));
const clip = makeSpeech(folder, 5);

const provider = createServer((request, response) => {
  request.resume().on("end", () => {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ text: "elsewhere" }));
  });
});
await new Promise((resolve) => provider.listen(0, "127.0.0.1", () => resolve(undefined)));
const { port } = /** @type {import("node:net").AddressInfo} */ (provider.address());
const config = join(folder, "config.json");
const stranger = { name: "elsewhere", dialect: "openai", baseUrl: `http://127.0.0.1:${port}/v1`, models: { "*": "x" } };
writeFileSync(config, JSON.stringify({ providers: [{ ...stranger, concurrency: 100 }] }));
const more = values.model ? ["--model", values.model] : [];
const server = await startServer([
  "--config",
  config,
  "--max-queue",
  "4096",
  "--overflow-after-ms",
  String(afterMs),
  ...more,
]);

/** Sends so many, as many at once as keep every slot at work. @param {number} count */
async function sendMany(count) {
  let left = count;
  const client = async () => {
    while (left-- > 0) await sendClip(server.url, clip);
  };
  await Promise.all(Array.from({ length: 24 }, client));
}
await sendMany(24);
const warmMs = performance.now();
await sendMany(WARM_CLIPS);
const everyMs = (performance.now() - warmMs) / WARM_CLIPS / OVERLOAD;

/** @type {Promise<Awaited<ReturnType<typeof sendClip>>>[]} */
const sent = [];
const startedMs = performance.now();
const endMs = startedMs + 1000 * Number(values.seconds);
while (performance.now() < endMs) {
  sent.push(sendClip(server.url, clip));
  // By the clock, not by the sum of the sleeps: a timer is late when the machine is full.
  await sleep(Math.max(0, startedMs + sent.length * everyMs - performance.now()));
}
const answers = await Promise.all(sent);
const after = await sendClip(server.url, clip);

const out = answers.filter(({ provider: who }) => who === "elsewhere");
const firstOutMs = out[0]?.sentMs ?? Number.POSITIVE_INFINITY;
const here = answers.filter(({ provider: who, sentMs }) => who === "local" && sentMs > firstOutMs);
const waits = here.map(({ waitMs }) => waitMs / afterMs);
const beforeFirst = answers.filter(({ provider: who, sentMs }) => who === "local" && sentMs < firstOutMs).at(-1);
const medianShare = quantile(waits);
const result = {
  overflowAfterMs: afterMs,
  sent: answers.length,
  failed: answers.filter(({ status }) => status !== 200).length,
  overflowed: out.length,
  servedHereMeanwhile: here.length,
  waitToConfigured: {
    p5: rounded(quantile(waits, 0.05)),
    median: rounded(medianShare),
    p95: rounded(quantile(waits, 0.95)),
  },
  withinTenPercent: rounded(waits.filter((share) => Math.abs(share - 1) <= MARK).length / waits.length),
  lastBeforeTheFirstOut: rounded((beforeFirst?.waitMs ?? Number.NaN) / afterMs),
  afterwards: after.provider,
  model: values.model ?? "sotto-mini",
  cores: cpus().length,
  cpu: cpus()[0]?.model,
};
process.stdout.write(`${JSON.stringify(result)}\n`);
await server.stop();
provider.close();
rmSync(folder, { recursive: true, force: true });
process.exitCode = Math.abs(medianShare - 1) <= MARK && after.provider === "local" && result.failed === 0 ? 0 : 1;
