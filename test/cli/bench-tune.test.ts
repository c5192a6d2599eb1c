import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { after, test } from "node:test";
import { bestShare, sharesToTry, type TriedShare, tuningTable } from "../../src/cli/bench/tune.js";
import { runSotto, temporaryHome } from "../support/sotto.js";

const home = temporaryHome();
after(() => rmSync(home, { recursive: true, force: true }));

const tried = (workers: number, threadsPerWorker: number, audioSecPerSec: number, clipMs: number): TriedShare => ({
  ...{ workers, threadsPerWorker, audioSecPerSec, clipMs },
  ...{ p95Ms: 900, peakBytes: 400 * 1024 * 1024, wrongAnswers: 0, answers: 20 },
});

test("what is tried never takes more threads than there are cores", () => {
  for (const cores of [1, 2, 3, 8, 24, 96]) {
    const batches = sharesToTry({ kernels: "avx2" }, cores);
    assert.ok(batches.length >= 3 && batches.every(({ threadsPerWorker }) => threadsPerWorker <= Math.min(cores, 24)));
    const workers = sharesToTry({}, cores);
    assert.ok(workers.every((share) => share.threadsPerWorker >= 1 && share.workers * share.threadsPerWorker <= cores));
    for (const shares of [batches, workers]) {
      assert.equal(new Set(shares.map((share) => JSON.stringify(share))).size, shares.length, "none twice");
    }
  }
  assert.deepEqual(sharesToTry({}, 4), [
    { workers: 1, threadsPerWorker: 4 },
    { workers: 2, threadsPerWorker: 2 },
    { workers: 4, threadsPerWorker: 1 },
  ]);
});

test("the best has the most throughput; where that is the same, a client alone waits least; then the fewest windows", () => {
  const slow = tried(4, 2, 80, 100);
  const late = tried(8, 1, 101, 200);
  const many = tried(32, 2, 100, 102);
  const few = tried(16, 2, 99, 104);
  const wrong = { ...tried(8, 2, 300, 50), wrongAnswers: 1 };
  assert.equal(bestShare([slow, late, many, few, wrong]), few);
  assert.equal(bestShare([slow, many]), many);
  assert.equal(bestShare([wrong]), undefined);
  const table = tuningTable([slow, few, wrong], few);
  assert.match(table, /^16 +2 +99\.0 +900 ms +104 ms +400 MiB +best$/m);
  assert.match(table, /^8 +2 .* 1 of 20 wrong$/m);
});

// Fewer ways to try than with our own.
const ggml = ["--kernels", "ggml"];

test("tuning is remembered: doctor shows it, and options given by the operator go before it", async () => {
  const { code, stdout, stderr } = await runSotto(["bench", "--tune", ...ggml, "--home", home, "--rounds", "1"]);
  assert.equal(code, 0, stderr);
  const { best, tried: all } = JSON.parse(stdout.trimEnd().split("\n").at(-1) as string);
  assert.ok(all.every((one: TriedShare) => one.audioSecPerSec > 0 && one.answers > 0));
  assert.match(stdout, /windows at once, threads: \d+: remembered in .*parallelism\.json; serve takes it unless/);
  const doctor = async (...args: string[]) => {
    const told = await runSotto(["doctor", ...ggml, "--home", home, "--port", "0", ...args]);
    return /^\S+ +threads .*$/m.exec(told.stdout)?.[0] ?? told.stderr;
  };
  const told = await doctor();
  assert.match(
    told,
    new RegExp(` ${best.workers} (×|windows at once on) ${best.threadsPerWorker} of .*, as sotto bench --tune found$`),
  );
  assert.doesNotMatch(await doctor("--threads", "1"), /tune/);
});

test("options that tuning is to find are refused beside it", async () => {
  for (const args of [
    ["--workers", "2"],
    ["--threads", "1"],
    ["--against", "whisper.cpp"],
  ]) {
    const { code, stderr } = await runSotto(["bench", "--tune", "--home", home, ...args]);
    assert.match(stderr, /none of --against, --workers and --threads with --tune/);
    assert.equal(code, 2);
  }
});
