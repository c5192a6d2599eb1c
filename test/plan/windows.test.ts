import assert from "node:assert/strict";
import { truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import {
  BYTES_PER_SAMPLE,
  endOf,
  type GrowingSpool,
  SAMPLE_RATE,
  WINDOW_MAX_SAMPLES,
  type Window,
  windowSampleCount,
} from "../../src/core/audio.js";
import { EnergyDetector } from "../../src/plan/energy-detector.js";
import { DEFAULT_SPEECH_PARAMS } from "../../src/plan/speech-params.js";
import { fixedWindows, speechWindows } from "../../src/plan/windows.js";
import { temporaryFolder } from "../media/make-audio.js";
import { noise, type Stretch, seeded, spoolOf, wholeSpool } from "./sounds.js";

const never = new AbortController().signal;
const search = { detector: new EnergyDetector(), params: DEFAULT_SPEECH_PARAMS };
const plan = (spool: GrowingSpool, signal = never) => speechWindows(spool, search, signal, { speechMs: 0 });

async function all(windows: AsyncIterable<Window>): Promise<Window[]> {
  const found = [];
  for await (const window of windows) found.push(window);
  return found;
}

async function planOf(context: TestContext, ...stretches: Stretch[]): Promise<Window[]> {
  return all(plan(await spoolOf(context, noise(stretches))));
}

const seconds = (samples: number) => samples / SAMPLE_RATE;
const lengths = (windows: Window[]) => windows.map((window) => seconds(windowSampleCount(window)));

test("half a minute of speech-like bursts after ten minutes of silence is one window, where it is", async (context) => {
  const bursts = Array.from({ length: 12 }, (): Stretch[] => [
    [1, 0.3],
    [1, 0.001],
  ]).flat();
  const windows = await planOf(context, [600, 0.001], ...bursts, [100, 0.001]);
  assert.equal(windows.length, 1);
  const start = seconds(windows[0]?.speech[0]?.firstSample ?? 0);
  assert.ok(Math.abs(start - 600) < 0.05, `${start}`);
});

test("silence has no windows, and neither has an empty recording", async (context) => {
  assert.deepEqual(await planOf(context, [95, 0]), []);
  assert.deepEqual(await planOf(context), []);
});

test("a window does not wait for speech beyond a minute of silence", async (context) => {
  const samples = noise([
    [1, 0.001],
    [1, 0.3],
    [200, 0.001],
  ]);
  const { path } = await spoolOf(context, samples);
  // The rest never comes.
  const state = { sampleCount: samples.length, isWhole: false };
  const spool = {
    path,
    growBeyond: (count: number) => (count < state.sampleCount ? Promise.resolve(state) : new Promise<never>(() => {})),
  };
  const windows = plan(spool);
  const { value } = await windows.next();
  await windows.return(undefined);
  assert.ok(value && Math.abs(seconds(value.speech[0]?.firstSample ?? 0) - 1) < 0.05);
});

test("a cut of speech-like sound never falls into a burst", async (context) => {
  const random = seeded(11);
  const stretches: Stretch[] = [];
  for (let utterance = 0; utterance < 60; utterance++) {
    const loudness = 0.2 + random() * 0.6;
    for (let syllables = 8 + random() * 20; syllables > 0; syllables--) {
      stretches.push([0.1 + random() * 0.15, loudness], [0.05, loudness / 10]);
    }
    stretches.push([0.4 + random() * 0.5, 0.002]);
  }
  const samples = noise(stretches, random);
  const windows = await all(plan(await spoolOf(context, samples)));
  assert.ok(windows.length > 8);
  for (const { stretches: parts } of windows) {
    for (const sample of [parts[0]?.firstSample ?? 0, endOf(parts.at(-1) as never)]) {
      if (sample === 0) continue;
      const around = samples.subarray(Math.max(0, sample - 1000), sample + 1000);
      assert.ok(
        around.every((one) => Math.abs(one) < 100),
        `cut at ${seconds(sample)} s`,
      );
    }
  }
});

test("without the filter windows are exactly 30 s from the start, whatever the sound", async (context) => {
  const windows = await all(fixedWindows(await spoolOf(context, noise([[75.5, 0]])), never));
  assert.deepEqual(lengths(windows), [30, 30, 15.5]);
  assert.deepEqual(
    windows.map(({ stretches }) => stretches.map(({ firstSample }) => seconds(firstSample))),
    [[0], [30], [60]],
  );
  assert.deepEqual(lengths(await all(fixedWindows(await spoolOf(context, noise([[60, 0.1]])), never))), [30, 30]);
});

test("twelve hours are planned with the memory of one window", async (context) => {
  const path = join(await temporaryFolder(context), "audio.s16le");
  const sampleCount = 12 * 3600 * SAMPLE_RATE;
  // A file of nothing but a hole: silence that takes no disk.
  await writeFile(path, "");
  await truncate(path, sampleCount * BYTES_PER_SAMPLE);
  const before = process.memoryUsage().arrayBuffers;
  let peak = 0;
  const timer = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage().arrayBuffers - before);
  }, 5);
  assert.deepEqual(await all(plan(wholeSpool(path, sampleCount))), []);
  assert.equal((await all(fixedWindows(wholeSpool(path, sampleCount), never))).length, 1440);
  clearInterval(timer);
  assert.ok(peak < 16e6, `${peak} bytes`);
});

test("a plan that nobody wants any more ends at once, also while it waits for the decoder", async (context) => {
  const { path } = await spoolOf(context, noise([[1, 0.3]]));
  const gone = new AbortController();
  const waiting = plan({ path, growBeyond: () => new Promise(() => {}) }, gone.signal).next();
  setTimeout(() => gone.abort(new Error("gone")), 20);
  await assert.rejects(waiting, /gone/);
});

test("when the decoding fails, so does the plan, with its reason", async (context) => {
  const { path } = await spoolOf(context, noise([[1, 0.3]]));
  const spool = { path, growBeyond: () => Promise.reject(new Error("broken")) };
  await assert.rejects(all(plan(spool)), /broken/);
  await assert.rejects(all(fixedWindows(spool, never)), /broken/);
});

test("a spool shorter than it says is an error, not a hang", async (context) => {
  const { path } = await spoolOf(context, noise([[1, 0.5]]));
  await assert.rejects(all(plan(wholeSpool(path, 100 * SAMPLE_RATE))), /shorter/);
});

test("windows of any length of steady speech are full but the last", async (context) => {
  const bursts: Stretch[] = Array.from({ length: 400 }, (_, i): Stretch[] => [
    [0.3, 0.3],
    [i % 10 === 9 ? 0.5 : 0.05, 0.01],
  ]).flat();
  const windows = await planOf(context, ...bursts);
  for (const length of lengths(windows).slice(0, -1))
    assert.ok(length > 20 && length * SAMPLE_RATE <= WINDOW_MAX_SAMPLES, `${length}`);
});
