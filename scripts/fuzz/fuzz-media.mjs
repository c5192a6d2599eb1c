import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ROOT } from "../setup/root.mjs";
import { residentBytesOf, startServer } from "../stress/running-server.mjs";
import { disguise } from "./disguises.mjs";
import { mediaSeeds } from "./media-seeds.mjs";
import { mutateBytes } from "./mutate-bytes.mjs";
import { postMedia } from "./post-media.mjs";
import { Random } from "./random.mjs";

/** Of so many files one is no mutated recording but something else that pretends to be one. */
const DISGUISED_EVERY = 8;
const HEAD_BYTES = 600;
const REQUESTS_AT_ONCE = 6;
/** Measured from the first hundred answers on: what grows after that grows with every request. */
const WARM_UP = 100;
const GROWTH_BYTES_MAX = 150 * 1024 ** 2;
/** A header may claim days of sound; the transcripts are of no use. */
const MAX_DURATION = "40s";

/**
 * Posts mutated recordings to a server, a handful at once. An answer that is neither a transcript nor an error of the
 * table, none in time, an error of the server's own, another process at the end than at the beginning, and anything left
 * behind are findings.
 * @param {{ count: number, seed: number, findings: import("./findings.mjs").Findings,
 *   onProgress?: (done: number) => void }} options
 */
export async function fuzzMedia({ count, seed, findings, onProgress = () => {} }) {
  const seeds = mediaSeeds();
  const folder = mkdtempSync(join(tmpdir(), "sotto-fuzz-"));
  const secretPath = join(folder, "secret.opus");
  copyFileSync(join(ROOT, "models/demo-en.opus"), secretPath);
  const server = await startServer(["--max-duration", MAX_DURATION, "--keep-alive", "-1", "--log-level", "warn"]);
  /** @type {Record<string, number>} */
  const outcomes = {};
  let warmBytes = 0;
  let peakBytes = 0;
  let next = 0;
  let done = 0;

  for (const media of seeds) {
    const { outcome, fault } = await postMedia(server.url, media);
    if (fault || outcome !== "200") findings.add(`the right file ${media.name}: ${fault ?? outcome}`);
  }
  const [engine] = server.enginePids();

  async function client() {
    while (next < count && server.isAlive()) {
      const index = next++;
      const { what, isSound, ...media } = mutant(seeds, secretPath, seed, index);
      const { outcome, fault } = await postMedia(server.url, media);
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
      const found = fault ?? (outcome === "200" && !isSound ? "sound came out of what holds none" : undefined);
      if (found) findings.add(`media ${index} (${media.name}: ${what}): ${found}`, media);
      const residentBytes = residentBytesOf(server.pid);
      peakBytes = Math.max(peakBytes, residentBytes);
      if (++done === WARM_UP) warmBytes = residentBytes;
      onProgress(done);
    }
  }

  try {
    await Promise.all(Array.from({ length: REQUESTS_AT_ONCE }, client));
    if (!server.isAlive()) findings.add(`the server ended:\n${server.log()}`);
    if (server.enginePids().join() !== String(engine)) {
      findings.add(`expected the engine ${engine}, found ${server.enginePids()}:\n${server.log().slice(-3000)}`);
    }
    if (existsSync(`${secretPath}.touched`)) findings.add("a script in an upload was run");
    if (warmBytes > 0 && residentBytesOf(server.pid) - warmBytes > GROWTH_BYTES_MAX) {
      findings.add(`the server grew from ${warmBytes} to ${residentBytesOf(server.pid)} bytes`);
    }
    await sleep(500);
    if (server.spooled().length > 0) findings.add(`files left in the spool: ${server.spooled()}`);
    const decoders = childrenOf(server.pid).filter((name) => name.includes("ffmpeg"));
    if (decoders.length > 0) findings.add(`processes left: ${decoders}`);
  } finally {
    const exitCode = await server.stop();
    if (exitCode !== 0) findings.add(`the server ended with ${exitCode}`);
    rmSync(folder, { recursive: true, force: true });
  }
  const mib = (/** @type {number} */ bytes) => Math.round(bytes / 1024 ** 2);
  return { mutants: count, answers: done, outcomes, serverMiB: { warm: mib(warmBytes), peak: mib(peakBytes) } };
}

/** @param {import("./media-seeds.mjs").Media[]} seeds @param {string} secretPath @param {number} seed @param {number} index */
function mutant(seeds, secretPath, seed, index) {
  const random = new Random(seed, index);
  const media = random.pick(seeds);
  if (index % DISGUISED_EVERY === 0) {
    return { name: `${index}-${media.name}`, ...disguise(random, media.bytes, secretPath) };
  }
  const other = random.pick(seeds).bytes;
  const mutated = mutateBytes(media.bytes, { random, other, headBytes: HEAD_BYTES });
  return { name: `${index}-${media.name}`, isSound: true, ...mutated };
}

/** Names of the programs beneath a process. @param {number} pid */
function childrenOf(pid) {
  const { stdout } = spawnSync("ps", ["-o", "comm=", "--ppid", String(pid)], { encoding: "utf8" });
  return stdout.split("\n").filter(Boolean);
}
