import assert from "node:assert/strict";
import { test } from "node:test";
import { SPEECH_FRAME_SAMPLES } from "../../src/core/audio.js";
import { EnergyJudge } from "../../src/plan/energy-detector.js";
import { DEFAULT_SPEECH_PARAMS } from "../../src/plan/speech-params.js";
import { type SpeechSpan, SpeechSpans } from "../../src/plan/speech-spans.js";
import { decodeFile } from "../support/decode-file.js";
import { FIXTURES } from "../support/fixtures.js";
import { noise, seeded, sound } from "./sounds.js";

function judge(samples: Int16Array, chunkFrames = 312): Float32Array {
  const energy = new EnergyJudge();
  const probabilities: number[] = [];
  for (let at = 0; at < samples.length; at += chunkFrames * SPEECH_FRAME_SAMPLES) {
    probabilities.push(...energy.push(samples.subarray(at, at + chunkFrames * SPEECH_FRAME_SAMPLES)));
  }
  return Float32Array.from([...probabilities, ...energy.end()]);
}

/** Spans in seconds. */
function spansOf(samples: Int16Array): SpeechSpan[] {
  const spans = new SpeechSpans(DEFAULT_SPEECH_PARAMS);
  const found = [...spans.push(judge(samples)), ...spans.end(samples.length)];
  return found.map(({ start, end }) => ({ start: start / 16_000, end: end / 16_000 }));
}

for (const { file, path, utterances } of FIXTURES.filter((fixture) => fixture.utterances.length > 0)) {
  test(`in ${file} every utterance is found where it is, and nothing between them`, () => {
    const samples = decodeFile(path);
    const found = spansOf(samples);
    for (const { startSec, endSec } of utterances) {
      const near = found.filter(({ start, end }) => start < endSec && end > startSec);
      assert.ok(near.length > 0, `${startSec} s`);
      assert.ok(
        Math.abs((near[0] as SpeechSpan).start - startSec) < 0.25,
        `begins at ${near[0]?.start}, not ${startSec}`,
      );
      assert.ok(Math.abs((near.at(-1) as SpeechSpan).end - endSec) < 0.3, `ends at ${near.at(-1)?.end}, not ${endSec}`);
    }
    for (const { start, end } of found) {
      assert.ok(
        utterances.some(({ startSec, endSec }) => start < endSec && end > startSec),
        `${start} to ${end} s are no utterance`,
      );
    }
  });
}

test("speech is found under noise that is 15 dB below it", () => {
  const fixture = FIXTURES.find(({ file }) => file.startsWith("minute"));
  assert.ok(fixture);
  const samples = decodeFile(fixture.path);
  const random = seeded(5);
  const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
  const amplitude = Math.sqrt(3 * power) * 10 ** (-15 / 20);
  const noisy = samples.map((sample) => sample + (random() * 2 - 1) * amplitude);
  const found = spansOf(noisy);
  const leadInSec = DEFAULT_SPEECH_PARAMS.leadInMs / 1000;
  const leadOutSec = DEFAULT_SPEECH_PARAMS.leadOutMs / 1000;
  for (const { startSec, endSec } of fixture.utterances) {
    const heardSec = found.reduce((sum, { start, end }) => {
      return sum + Math.max(0, Math.min(end + leadOutSec, endSec) - Math.max(start - leadInSec, startSec));
    }, 0);
    assert.ok(heardSec > 0.95 * (endSec - startSec), `of the utterance at ${startSec} s ${heardSec} s were heard`);
  }
});

test("a faint hiss is no speech beside digital silence either", () => {
  const utterance = [0.4, 0.1, 0.4].map((seconds, index): [number, number] => [seconds, index === 1 ? 0 : 0.2]);
  const pause: [number, number] = [0.6, 0.0005];
  const found = spansOf(noise([pause, ...utterance, pause, ...utterance, pause]));
  assert.deepEqual(
    found.map(({ start, end }) => [Math.round(start * 10), Math.round(end * 10)]),
    [
      [6, 15],
      [21, 30],
    ],
  );
});

/** Sounds that nobody speaks, -1..1 by the second. */
const random = seeded(3);
let pink = 0;
const SPEECHLESS: Record<string, (second: number) => number> = {
  "digital silence": () => 0,
  "the faintest hiss": () => (random() - 0.5) * 1e-4,
  "loud white noise": () => (random() * 2 - 1) * 0.8,
  "faint white noise": () => (random() * 2 - 1) * 0.01,
  "brown noise": () => {
    pink = 0.995 * pink + (random() * 2 - 1) * 0.05;
    return pink;
  },
  "a hum of 50 Hz with its overtones": (second) =>
    0.2 * Math.sin(2 * Math.PI * 50 * second) + 0.1 * Math.sin(2 * Math.PI * 150 * second),
  "a steady tone": (second) => 0.5 * Math.sin(2 * Math.PI * 440 * second),
  "a click each second": (second) => (second % 1 < 0.002 ? 0.9 : 0),
  "eight clicks a second": (second) => (second % 0.125 < 0.002 ? 0.9 : (random() - 0.5) * 0.001),
};

for (const [name, at] of Object.entries(SPEECHLESS)) {
  for (const seconds of [0.5, 1, 10, 60]) {
    test(`in ${seconds} s of ${name} nobody speaks`, () => {
      assert.deepEqual(spansOf(sound(seconds, at)), []);
    });
  }
}

test("a noise that begins or ends is no speech, nor is the silence after it", () => {
  for (const [first, then] of [
    [0.0003, 0.05],
    [0.05, 0.0003],
  ] as const) {
    const found = spansOf(
      noise([
        [12, first],
        [12, then],
        [12, first],
      ]),
    );
    assert.deepEqual(found, []);
  }
});

test("what is judged does not depend on the pieces in which it comes", () => {
  const samples = noise([
    [1, 0.001],
    [0.7, 0.3],
    [2, 0.001],
    [9, 0.2],
    [1.01, 0.002],
  ]);
  const whole = judge(samples, 10_000);
  assert.equal(whole.length, Math.ceil(samples.length / SPEECH_FRAME_SAMPLES));
  for (const chunkFrames of [1, 7, 95, 312]) assert.deepEqual(judge(samples, chunkFrames), whole);
});
