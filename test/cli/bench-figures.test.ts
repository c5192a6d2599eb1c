import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { median, quantile, ratioByRound } from "../../src/cli/bench/figures.js";
import { emptyRound, type Plan, type Round } from "../../src/cli/bench/measure.js";
import { MemoryWatch } from "../../src/cli/bench/process-tree.js";
import { benchTable, compare, comparisonLines, figuresOf, standardOutput } from "../../src/cli/bench/report.js";

test("medians, percentiles and ratios are those of the definition", () => {
  assert.deepEqual([median([3, 1, 2]), median([4, 1, 2, 3]), median([5])], [2, 2.5, 5]);
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
  assert.deepEqual([quantile(hundred, 0.5), quantile(hundred, 0.95), quantile([7], 0.95)], [50, 95, 7]);
  assert.ok(Number.isNaN(median([])));
  // A round that is slow for both leaves their ratio as it is; the ratio of the medians would be 3.
  assert.deepEqual(ratioByRound([20, 200, 60], [10, 100, 20]), { median: 2, min: 2, max: 3 });
  assert.deepEqual(ratioByRound([20, undefined], [10, 5]), { median: 2, min: 2, max: 2 });
  assert.equal(ratioByRound([], [1]), undefined);
});

const plan: Plan = { rounds: 2, longSec: 60, repeats: 1, clients: [2] };
const round = (factor: number): Round => ({
  startMs: 100 * factor,
  firstAnswerMs: 10 * factor,
  longMs: 1000 * factor,
  clipsMs: { 3: [30 * factor], 11: [110 * factor], 30: [300 * factor] },
  loads: [{ clients: 2, audioSec: 44, wallMs: 440 * factor, answersMs: [200 * factor, 220 * factor] }],
  peakBytes: 1024 * 1024 * factor,
  summedPeakBytes: 2 * 1024 * 1024 * factor,
  answers: 6,
  wrong: 0,
});

test("figures are medians over the rounds, comparisons are rival over own, and both have their place in the table", () => {
  const own = { name: "sotto", versions: {}, rounds: [round(1), round(3)] };
  const rival = { name: "other", versions: {}, rounds: [{ ...round(4), wrong: 1, firstWrong: "3 s" }, round(6)] };
  const alone = {
    name: "tool",
    versions: {},
    rounds: [{ longMs: 5000, clipsMs: {}, loads: [], peakBytes: 1, summedPeakBytes: 1, answers: 6, wrong: 0 }],
  };
  const figures = [own, rival, alone].map((one) => figuresOf(one, plan));
  const [ours, theirs] = figures;
  assert.deepEqual(ours?.long, { audioSec: 60, wallMs: 2000, realTimeFactor: 30, allMs: [1000, 3000] });
  assert.deepEqual(ours?.loads, [{ clients: 2, audioSecPerSec: 66.667, p50Ms: 220, p95Ms: 660 }]);
  assert.deepEqual([theirs?.wrongAnswers, theirs?.answers, theirs?.firstWrong], [1, 12, "3 s"]);
  assert.equal(theirs?.peakBytes, 6 * 1024 * 1024);

  const comparisons = compare(own, rival);
  assert.deepEqual(comparisons[0], { rival: "other", measure: "long recording", median: 3, min: 2, max: 4 });
  assert.deepEqual(
    comparisons.map(({ measure }) => measure),
    [
      ...["long recording", "3 s clip", "11 s clip", "30 s clip"],
      ...["throughput, clients: 2", "p95 latency, clients: 2", "start", "memory"],
    ],
  );
  const table = benchTable(figures);
  assert.match(table, /^60 s recording +2000 ms +5000 ms +5000 ms$/m);
  assert.match(table, /^2 clients, audio s in a s +66\.7 +\S+ +–$/m);
  assert.match(table, /^wrong answers +0 of 12 +1 of 12 +0 of 6$/m);
  assert.match(comparisonLines(comparisons), /^other +long recording +3\.00 × +2\.00 to 4\.00$/m);
  assert.equal(comparisonLines([]), "");
});

test("a round in which a rival broke off counts for nothing, and the others as they were", () => {
  const own = { name: "sotto", versions: {}, rounds: [round(1), round(3)] };
  const rival = { name: "other", versions: {}, rounds: [emptyRound(), round(6)] };
  const theirs = figuresOf(rival, plan);
  assert.deepEqual(theirs.long?.allMs, [6000]);
  assert.equal(theirs.loads[0]?.clients, 2);
  assert.equal(theirs.answers, 6);
  const [long, ...others] = compare(own, rival);
  assert.deepEqual(long, { rival: "other", measure: "long recording", median: 2, min: 2, max: 2 });
  for (const { median } of others) assert.equal(median, 2);
});

test("standard output has the table and a last line of JSON, unless a file takes that or it is wanted alone", () => {
  const output = (json: boolean, hasFile: boolean) => standardOutput(["head", "table", ""], "{}", { json, hasFile });
  assert.equal(output(false, false), "head\n\ntable\n\n{}\n");
  assert.equal(output(false, true), "head\n\ntable\n");
  assert.equal(output(true, false), "{}\n");
  assert.equal(output(true, true), "{}\n");
});

test("memory is that of a process and of all beneath it, at its highest", async () => {
  const hold = (mib: number) => `const held = Buffer.alloc(${mib} * 1024 * 1024, 1);`;
  const grandchild = `${hold(150)} setTimeout(() => held, 60_000); console.log("held");`;
  const source = `const { spawn } = require("node:child_process");
    const child = spawn(process.execPath, ["-e", ${JSON.stringify(grandchild)}], { stdio: ["ignore", "inherit", "ignore"] });
    process.on("SIGTERM", () => { child.kill(); process.exit(); });`;
  using memory = new MemoryWatch();
  const parent = spawn(process.execPath, ["-e", source], { stdio: ["ignore", "pipe", "ignore"] });
  memory.watch(parent.pid as number);
  await once(parent.stdout, "data");
  const deadlineMs = performance.now() + 10_000;
  while (memory.peak.bytes < 150 * 1024 * 1024 && performance.now() < deadlineMs) await sleep(20);
  const { bytes: peakBytes, summedBytes } = memory.peak;
  parent.kill();
  await once(parent, "exit");
  assert.ok(peakBytes >= 150 * 1024 * 1024, String(peakBytes));
  assert.ok(peakBytes < 1024 * 1024 * 1024, String(peakBytes));
  // Both processes run one program, whose pages they share.
  if (process.platform === "linux")
    assert.ok(summedBytes > peakBytes + 10 * 1024 * 1024, `${summedBytes} ${peakBytes}`);
  else assert.equal(summedBytes, peakBytes);
});
