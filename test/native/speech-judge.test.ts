import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { noise } from "../plan/sounds.js";
import { loudnessNetwork, speechFile } from "../support/build-silero.js";
import { addonWithCpu } from "../support/native-addon.js";

const folder = mkdtempSync(join(tmpdir(), "sotto-speech-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const addon = addonWithCpu();

function judgeOf(bytes: Buffer) {
  const path = join(folder, `${Math.random()}.bin`);
  writeFileSync(path, bytes);
  return addon.openSpeechJudge(path);
}

const START = new Float32Array(0);
const judge = judgeOf(speechFile());
after(() => judge.close());
const sound = noise([
  [1, 0.0005],
  [1, 0.3],
  [0.99, 0.0005],
]);

function refused(call: () => unknown, code: string): void {
  assert.throws(call, (error: unknown) => (error as { code?: string }).code === code);
}

test("loud frames are told from quiet ones, the last of them cut short", () => {
  const { probabilities } = judge.judge(sound, START);
  assert.equal(probabilities.length, Math.ceil(sound.length / 512));
  assert.ok(probabilities.subarray(2, 30).every((one) => one < 0.1));
  assert.ok(probabilities.subarray(34, 60).filter((one) => one > 0.9).length > 20);
  assert.ok(probabilities.subarray(75).every((one) => one < 0.1));
});

test("a recording that is judged piece by piece is judged as a whole, for what the network remembers is handed on", () => {
  const whole = judge.judge(sound, START).probabilities;
  for (const frames of [1, 5, 33]) {
    let state: Float32Array = START;
    const pieces: number[] = [];
    for (let at = 0; at < sound.length; at += frames * 512) {
      const judged = judge.judge(sound.subarray(at, at + frames * 512), state);
      ({ state } = judged);
      pieces.push(...judged.probabilities);
    }
    assert.deepEqual(Float32Array.from(pieces), whole);
  }
  const forgetful = judge.judge(sound.subarray(32 * 512), START).probabilities;
  const { state } = judge.judge(sound.subarray(0, 40 * 512), START);
  assert.ok(state.length === 256 && state.some((one) => one !== 0));
  assert.notDeepEqual(
    judge.judge(sound.subarray(32 * 512), state).probabilities,
    forgetful,
    "the state makes a difference",
  );
});

test("nothing of one recording is left for the next", () => {
  const first = judge.judge(sound, START).probabilities;
  judge.judge(noise([[3, 0.9]]), START);
  assert.deepEqual(judge.judge(sound, START).probabilities, first);
});

test("no samples, too many, and states that are none are refused, and the judge works on", () => {
  const before = judge.judge(sound, START).probabilities;
  refused(() => judge.judge(new Int16Array(0), START), "invalid_argument");
  refused(() => judge.judge(new Int16Array(960_001), START), "invalid_argument");
  for (const length of [1, 255, 257]) refused(() => judge.judge(sound, new Float32Array(length)), "invalid_argument");
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
    refused(() => judge.judge(sound, new Float32Array(256).fill(value)), "invalid_argument");
  }
  assert.throws(() => judge.judge("samples" as never, START));
  assert.deepEqual(judge.judge(sound, START).probabilities, before);
});

test("weights that are no numbers fail, instead of finding no speech", () => {
  const broken = judgeOf(
    speechFile(loudnessNetwork().set("decoder.rnn.bias_ih", new Float32Array(512).fill(Number.NaN))),
  );
  refused(() => broken.judge(sound, START), "compute_failed");
  broken.close();
  refused(() => broken.judge(sound, START), "invalid_argument");
});

test("no file is no judge", () => {
  refused(() => addon.openSpeechJudge(join(folder, "nothing.bin")), "load_failed");
  refused(() => addon.openSpeechJudge("a".repeat(1000)), "invalid_argument");
});
