/**
 * `npm run fuzz:forms -- [--cases 10000] [--seed 1] [--at-once 4]`: random forms over HTTP to every route that transcribes.
 * Prints how many had which status; ends with 1 when one was answered with a 5xx or the server did not live through it. The
 * same seed gives the same forms, which are those of test/server/form-property.test.ts.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Chance } from "../../build/test/test/support/chance.js";
import { randomFormRequest } from "../../build/test/test/support/random-form.js";
import { ROOT } from "../setup/root.mjs";
import { startServer } from "../stress/running-server.mjs";

const { values } = parseArgs({
  options: {
    cases: { type: "string", default: "10000" },
    seed: { type: "string", default: "1" },
    "at-once": { type: "string", default: "4" },
  },
});
/** None of the recordings is longer than a second or two. */
const ANSWER_WITHIN_MS = 60_000;
const cases = Number(values.cases);
const seed = Number(values.seed);
const clip = readFileSync(join(ROOT, "test/fixtures/single-digit.flac"));
const server = await startServer(["--log-level", "error"]);
const startedMs = performance.now();
/** @type {Record<string, number>} */
const statuses = {};
/** @type {{ case: number, path: string, status: number, reply: string }[]} */
const findings = [];
let next = 0;

/**
 * @param {string} path
 * @param {RequestInit} init
 * @returns {Promise<{ status: number, text: string }>} 599: no answer came
 */
async function answerTo(path, init) {
  try {
    const reply = await fetch(`${server.url}${path}`, { ...init, signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
    return { status: reply.status, text: await reply.text() };
  } catch (error) {
    return { status: 599, text: String(error) };
  }
}

async function sendSome() {
  while (next < cases && server.isAlive()) {
    const index = next++;
    if (index % 500 === 0) process.stderr.write(`${index} of ${cases}, ${findings.length} findings\n`);
    // Each from a seed of its own, so that one can be sent again alone.
    const { path, init } = randomFormRequest(new Chance(seed * 1_000_003 + index), clip);
    const { status, text } = await answerTo(path, init);
    statuses[status] = (statuses[status] ?? 0) + 1;
    if (status < 500) continue;
    const finding = { case: index, path, status, reply: text.slice(0, 500) };
    findings.push(finding);
    process.stderr.write(`${JSON.stringify(finding)}\n`);
  }
}

await Promise.all(Array.from({ length: Number(values["at-once"]) }, sendSome));
const spooled = server.spooled().length;
const exitCode = await server.stop();
const seconds = Math.round((performance.now() - startedMs) / 1000);
process.stdout.write(`${JSON.stringify({ cases, seed, seconds, statuses, spooled, exitCode, findings }, null, 2)}\n`);
process.exitCode = findings.length > 0 || spooled > 0 || exitCode !== 0 ? 1 : 0;
