import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type GrowingSpool, SAMPLE_RATE } from "../../src/core/audio.js";
import { fileStamp } from "../../src/core/file-stamp.js";
import { chooseBackend } from "../../src/engine/backend.js";
import { SpeechProcess } from "../../src/engine/speech-process.js";
import type { SpeechJob } from "../../src/engine/speech-protocol.js";
import { EnergyDetector } from "../../src/plan/energy-detector.js";
import { SileroDetector } from "../../src/plan/silero-detector.js";
import { speechFile } from "../support/build-silero.js";
import { noise, wholeSpool } from "./sounds.js";

const folder = mkdtempSync(join(tmpdir(), "sotto-silero-"));
const { cpuModule } = await chooseBackend({ device: "cpu", cpuVariant: "auto", home: folder }, () => {});
const modelPath = join(folder, "vad.bin");
writeFileSync(modelPath, speechFile());
const setup = { modelPath, modelStamp: fileStamp(statSync(modelPath)), cpuModule };
const process_ = new SpeechProcess(setup, 1000);
after(async () => {
  await process_.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Fifty seconds: three pieces. */
const sound = noise(
  Array.from({ length: 25 }, () => [[1, 0.0005] as const, [1, 0.3] as const])
    .flat()
    .map(([s, l]) => [s, l]),
);
const path = join(folder, "sound.s16le");
writeFileSync(path, sound);
const spool = wholeSpool(path, sound.length);
const never = new AbortController().signal;

const childrenNow = () => {
  const { stdout } = spawnSync("ps", ["-o", "pid=,args=", "--ppid", String(process.pid)], { encoding: "utf8" });
  return stdout
    .split("\n")
    .filter((line) => line.includes("speech-child.js"))
    .map((line) => Number.parseInt(line, 10));
};

interface Trouble {
  before?: (job: SpeechJob) => void;
}

async function probabilities({ before = () => {} }: Trouble = {}, signal = never, from: GrowingSpool = spool) {
  const warnings: string[] = [];
  const detector = new SileroDetector({
    judgePiece: async (job, one) => {
      before(job);
      return process_.judge(job, one);
    },
    otherwise: new EnergyDetector(),
    warn: (line) => warnings.push(line),
  });
  const found: number[] = [];
  for await (const judged of detector.judge(from, signal)) found.push(...judged.probabilities);
  return { found, warnings };
}

test("every frame of a recording is judged once, by a process that ends when it has nothing to do", async () => {
  const { found, warnings } = await probabilities();
  assert.equal(found.length, Math.ceil(sound.length / 512));
  assert.deepEqual(warnings, []);
  const at = (sec: number) => found[Math.floor((sec * SAMPLE_RATE) / 512)] as number;
  for (let sec = 0; sec < 50; sec += 2) assert.ok(at(sec + 0.5) < 0.2, `${sec}`);
  assert.equal(childrenNow().length, 1);
  assert.ok(process_.residentBytes > 10e6, `${process_.residentBytes}`);
  await sleep(2500);
  assert.equal(childrenNow().length, 0);
  assert.equal(process_.residentBytes, 0);
});

test("how the recording grows makes no difference", async () => {
  const { found } = await probabilities();
  let grown = 0;
  const growing: GrowingSpool = {
    path,
    growBeyond: async (count) => {
      while (grown <= count && grown < sound.length) grown += 12_345;
      return { sampleCount: Math.min(grown, sound.length), isWhole: grown >= sound.length };
    },
  };
  assert.deepEqual((await probabilities({}, never, growing)).found, found);
});

test("a process that is killed between two pieces, or under one, makes no difference either", async () => {
  const { found } = await probabilities();
  let kills = 0;
  const kill = () => {
    for (const pid of childrenNow()) process.kill(pid, "SIGKILL");
    kills++;
  };
  const killed = await probabilities({ before: ({ firstSample }) => firstSample > 0 && kills < 2 && kill() });
  assert.deepEqual(killed, { found, warnings: [] });
  assert.equal(kills, 2);
});

test("where Silero fails for good, the recording is judged by energy from there on, with one line for the operator", async () => {
  const { found } = await probabilities();
  const fail = ({ firstSample }: SpeechJob) => {
    if (firstSample > 0) throw new Error("broken");
  };
  const mixed = await probabilities({ before: fail });
  assert.deepEqual(mixed.warnings, ["speech is found by energy, since Silero failed: broken"]);
  assert.equal(mixed.found.length, found.length);
  assert.deepEqual(mixed.found.slice(0, 600), found.slice(0, 600));
});

test("weights that changed since they were walked are not opened", async () => {
  const other = new SpeechProcess({ ...setup, modelStamp: "another" });
  const job = { place: { path }, firstSample: 0, sampleCount: 512, state: new Float32Array(0) };
  await assert.rejects(other.judge(job, never), /changed since/);
  await other.stop();
});

test("who leaves is let go at once, and the next is served", async () => {
  const gone = new AbortController();
  setTimeout(() => gone.abort(new Error("gone")), 5);
  await assert.rejects(probabilities({}, gone.signal), /gone/);
  assert.equal((await probabilities()).warnings.length, 0);
});

test("digital silence is judged without the network, and what comes after it is heard", async () => {
  const quiet = new Int16Array(61 * SAMPLE_RATE);
  quiet.set(sound.subarray(SAMPLE_RATE, 2 * SAMPLE_RATE), 60 * SAMPLE_RATE);
  const quietPath = join(folder, "quiet.s16le");
  writeFileSync(quietPath, quiet);
  const { found } = await probabilities({}, never, wholeSpool(quietPath, quiet.length));
  const first = found.findIndex((one) => one > 0.5) * 512;
  assert.ok(Math.abs(first / SAMPLE_RATE - 60) < 0.2, `${first / SAMPLE_RATE} s`);
});
