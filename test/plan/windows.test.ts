import assert from "node:assert/strict";
import { truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { BYTES_PER_SAMPLE, SAMPLE_RATE, type Spool, WINDOW_MAX_SAMPLES, type Window } from "../../src/core/audio.js";
import { planWindows } from "../../src/plan/windows.js";
import { temporaryFolder } from "../media/make-audio.js";

/** A stretch of sound: how long, and how loud (0..1 of full scale). */
type Stretch = [seconds: number, loudness: number];

function noise(stretches: Stretch[], random = seeded(1)): Int16Array {
  const counts = stretches.map(([seconds]) => Math.round(seconds * SAMPLE_RATE));
  const samples = new Int16Array(counts.reduce((sum, count) => sum + count, 0));
  let at = 0;
  stretches.forEach(([, loudness], index) => {
    const end = at + (counts[index] ?? 0);
    while (at < end) samples[at++] = Math.round((random() * 2 - 1) * 32767 * loudness);
  });
  return samples;
}

/** Mulberry32: the same numbers in every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

async function spoolOf(context: TestContext, samples: Int16Array): Promise<Spool> {
  const path = join(await temporaryFolder(context), "audio.s16le");
  await writeFile(path, new Uint8Array(samples.buffer));
  return { path, sampleCount: samples.length };
}

/** Where windows begin, in seconds. */
async function starts(context: TestContext, ...stretches: Stretch[]): Promise<number[]> {
  const windows = await planWindows(await spoolOf(context, noise(stretches)));
  return windows.map(({ firstSample }) => firstSample / SAMPLE_RATE);
}

function assertTiles(windows: Window[], sampleCount: number): void {
  let next = 0;
  for (const { firstSample, sampleCount: count } of windows) {
    assert.equal(firstSample, next);
    assert.ok(count > 0 && count <= WINDOW_MAX_SAMPLES, `${count} samples`);
    next += count;
  }
  assert.equal(next, sampleCount);
  const last = windows.at(-1);
  if (windows.length > 1) assert.ok((last?.sampleCount ?? 0) >= SAMPLE_RATE, "the last window is a second or longer");
}

for (const seconds of [0.1, 1, 29.99, 30]) {
  test(`${seconds} s are one window`, async (context) => {
    assert.deepEqual(await starts(context, [seconds, 0.5]), [0]);
  });
}

for (const seconds of [30.0001, 30.01, 30.5, 31, 44, 59.9, 60, 61, 600]) {
  test(`${seconds} s of steady noise are cut into long windows, none longer than 30 s`, async (context) => {
    const samples = noise([[seconds, 0.5]]);
    const windows = await planWindows(await spoolOf(context, samples));
    assertTiles(windows, samples.length);
    assert.equal(windows.length, Math.ceil(seconds / 29.7));
  });
}

test("an empty spool has no windows", async (context) => {
  assert.deepEqual(await starts(context), []);
});

test("a cut falls inside the pause", async (context) => {
  const [, cut] = await starts(context, [20, 0.5], [0.4, 0], [20, 0.5]);
  assert.ok(cut && cut > 20.1 && cut < 20.3, String(cut));
});

test("a cut falls inside the pause of a noisy recording", async (context) => {
  const [, cut] = await starts(context, [20, 0.5], [0.4, 0.02], [20, 0.5]);
  assert.ok(cut && cut > 20.1 && cut < 20.3, String(cut));
});

test("of two pauses the later one is taken, even if the earlier is a little quieter", async (context) => {
  const [, cut] = await starts(context, [16, 0.5], [0.5, 0.001], [10, 0.5], [0.5, 0.005], [20, 0.5]);
  assert.ok(cut && cut > 26.5 && cut < 27, String(cut));
});

test("a pause beats a mere dip that comes later", async (context) => {
  const [, cut] = await starts(context, [18, 0.5], [0.5, 0.005], [8, 0.5], [0.5, 0.2], [20, 0.5]);
  assert.ok(cut && cut > 18 && cut < 18.5, String(cut));
});

test("of many dips without a pause the deepest kind is taken, the last of them", async (context) => {
  const [, cut] = await starts(context, [18, 0.5], [0.5, 0.1], [4, 0.5], [0.5, 0.11], [4, 0.5], [0.5, 0.3], [20, 0.5]);
  assert.ok(cut && cut > 22.5 && cut < 23, String(cut));
});

test("a long pause leaves a lead-in before the next sound", async (context) => {
  const [, cut] = await starts(context, [17, 0.5], [10, 0.001], [20, 0.5]);
  assert.ok(cut && cut > 26.5 && cut <= 26.8, String(cut));
});

test("a closure of 40 ms within a word is no pause when there is one", async (context) => {
  const [, cut] = await starts(context, [20, 0.5], [0.3, 0], [5, 0.5], [0.04, 0], [20, 0.5]);
  assert.ok(cut && cut > 20 && cut < 20.3, String(cut));
});

test("a pause before the 15th second does not shorten the window", async (context) => {
  const [, cut] = await starts(context, [14, 0.5], [0.5, 0], [30, 0.5]);
  assert.ok(cut && cut > 29, String(cut));
});

test("a pause in the last second of the file does not make a last window shorter than a second", async (context) => {
  const windows = await planWindows(
    await spoolOf(
      context,
      noise([
        [29.6, 0.5],
        [0.3, 0],
        [0.2, 0.5],
      ]),
    ),
  );
  assertTiles(windows, Math.round(30.1 * SAMPLE_RATE));
});

test("digital silence is cut like anything else", async (context) => {
  assert.deepEqual((await starts(context, [95, 0])).length, 4);
});

test("whatever the sound, windows cover the spool without gap or overlap", async (context) => {
  const random = seeded(7);
  for (let round = 0; round < 25; round++) {
    const stretches: Stretch[] = Array.from({ length: 2 + Math.floor(random() * 30) }, () => [
      random() ** 2 * 20,
      random() < 0.3 ? 0 : random() ** 3,
    ]);
    const samples = noise(stretches, random);
    assertTiles(await planWindows(await spoolOf(context, samples)), samples.length);
  }
});

test("a cut of speech-like sound never falls into a tone when a pause is in reach", async (context) => {
  const random = seeded(11);
  const stretches: Stretch[] = [];
  for (let i = 0; i < 60; i++) stretches.push([2 + random() * 6, 0.2 + random() * 0.6], [0.3 + random() * 0.5, 0.002]);
  const samples = noise(stretches, random);
  for (const { firstSample } of (await planWindows(await spoolOf(context, samples))).slice(1)) {
    const around = samples.subarray(firstSample - 1000, firstSample + 1000);
    assert.ok(
      around.every((sample) => Math.abs(sample) < 100),
      `cut at ${firstSample}`,
    );
  }
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
  assertTiles(await planWindows({ path, sampleCount }), sampleCount);
  clearInterval(timer);
  assert.ok(peak < 32e6, `${peak} bytes`);
});

test("a spool shorter than it says is an error, not a hang", async (context) => {
  const spool = await spoolOf(context, noise([[31, 0.5]]));
  await assert.rejects(planWindows({ ...spool, sampleCount: 100 * SAMPLE_RATE }), /shorter/);
});
