import assert from "node:assert/strict";
import { test } from "node:test";
import { endOf, SAMPLE_RATE, WINDOW_MAX_SAMPLES, type Window, windowSampleCount } from "../../src/core/audio.js";
import { DEFAULT_SPEECH_PARAMS } from "../../src/plan/speech-params.js";
import { PIECE_SAMPLES, type SpeechSpan } from "../../src/plan/speech-spans.js";
import { WindowPacker } from "../../src/plan/window-packer.js";
import { seeded } from "./sounds.js";

interface Recording {
  spans: SpeechSpan[];
  sampleCount: number;
}

/** Speech and pauses in turns, as seconds, cut in pieces as `speech-spans.ts` does. */
function recording(...seconds: number[]): Recording {
  const spans: SpeechSpan[] = [];
  let at = 0;
  seconds.forEach((length, index) => {
    const end = at + Math.round(length * SAMPLE_RATE);
    for (let start = at; index % 2 === 1 && start < end; start += PIECE_SAMPLES) {
      spans.push({ start, end: Math.min(end, start + PIECE_SAMPLES) });
    }
    at = end;
  });
  return { spans, sampleCount: at };
}

async function pack({ spans, sampleCount }: Recording, params = {}): Promise<Window[]> {
  const packer = new WindowPacker({ ...DEFAULT_SPEECH_PARAMS, ...params }, async (from, to) => {
    assert.ok(from < to, `a quiet place between ${from} and ${to}`);
    return Math.floor((from + 3 * to) / 4);
  });
  const windows: Window[] = [];
  for (const span of spans) windows.push(...(await packer.add(span)));
  const last = packer.flush(sampleCount);
  return last ? [...windows, last] : windows;
}

/** What must hold of any plan. */
function assertSound(windows: Window[], { spans, sampleCount }: Recording): void {
  let until = 0;
  for (const window of windows) {
    assert.ok(windowSampleCount(window) <= WINDOW_MAX_SAMPLES, `${windowSampleCount(window)} samples`);
    for (const stretch of window.stretches) {
      assert.ok(stretch.firstSample >= until && stretch.sampleCount > 0, "stretches follow each other");
      until = endOf(stretch);
    }
    for (const speech of window.speech) {
      assert.ok(
        window.stretches.some((one) => one.firstSample <= speech.firstSample && endOf(one) >= endOf(speech)),
        "speech is within one stretch",
      );
    }
  }
  assert.ok(until <= sampleCount);
  // Put together, the windows' speech is the recording's: each sample once, in its order.
  const heard = joined(
    windows.flatMap(({ speech }) => speech.map((one) => ({ start: one.firstSample, end: endOf(one) }))),
  );
  assert.deepEqual(heard, joined(spans));
}

function joined(spans: readonly SpeechSpan[]): SpeechSpan[] {
  const result: SpeechSpan[] = [];
  for (const { start, end } of spans) {
    const last = result.at(-1);
    if (last?.end === start) last.end = end;
    else result.push({ start, end });
  }
  return result;
}

const seconds = (samples: number) => samples / SAMPLE_RATE;

test("whatever is said when, each sample of speech is in exactly one window, and none is above 30 s", async () => {
  const random = seeded(7);
  for (let round = 0; round < 400; round++) {
    const longest = random() < 0.3 ? 90 : 8;
    const lengths = Array.from({ length: 2 + Math.floor(random() * 60) }, (_, index) =>
      index % 2 === 0 ? 0.3 + random() ** 4 * 50 : 0.1 + random() ** 2 * longest,
    );
    const whole = recording(...lengths);
    const params = random() < 0.5 ? {} : { leadInMs: Math.floor(random() * 8000) };
    assertSound(await pack(whole, params), whole);
  }
});

test("no speech makes no window", async () => {
  assert.deepEqual(await pack(recording(600)), []);
});

test("utterances far apart share a window, and of the silence between them the edges stay", async () => {
  const [window, ...others] = await pack(recording(100, 2, 40, 3, 20));
  assert.ok(window && others.length === 0);
  assert.deepEqual(
    window.stretches.map(({ firstSample, sampleCount }) => [seconds(firstSample), seconds(sampleCount)]),
    [
      [99.7, 2.6],
      [141.7, 3.6],
    ],
  );
});

test("a pause that a speaker makes stays whole", async () => {
  const [window] = await pack(recording(1, 4, 1.2, 4, 1));
  assert.equal(window?.stretches.length, 1);
  assert.equal(window?.speech.length, 2);
});

test("a full window has less of its longest pauses, so that more is said in it", async () => {
  const stretchesOf = async (...given: number[]) =>
    (await pack(recording(...given))).map(({ stretches }) => stretches.map((one) => seconds(one.sampleCount)));
  // With the edges of its pauses it has 29 s. Of the second that is left the pause of 0.8 s takes 0.2 and that of 1 s 0.4.
  assert.deepEqual(await stretchesOf(1, 6, 1, 6, 1.4, 6, 1.2, 6, 0.8, 2, 0.9), [[13.6, 6.6, 9.4]]);
});

test("where a window has room its shorter pauses stay whole too, but none above five seconds", async () => {
  const stretchesOf = async (...given: number[]) =>
    (await pack(recording(...given))).map(({ stretches }) => stretches.map((one) => seconds(one.sampleCount)));
  assert.deepEqual(await stretchesOf(1, 5, 4, 5, 2, 5, 6, 2, 1), [[21.6, 2.6]]);
  // 7.6 s are left, of which the second takes 1.6 and the first 3.4; for the third there are too few.
  assert.deepEqual(await stretchesOf(1, 5, 4, 5, 2.2, 6, 4.9, 4, 1), [[22.8, 4.6]]);
  assert.deepEqual(await stretchesOf(1, 6, 4, 6, 4, 6, 1), [[26.6]]);
  assert.deepEqual(await stretchesOf(1, 8, 4, 8, 4, 8, 1), [[20.6, 8.6]]);
});

test("a window ends in the longest of the pauses in its last seconds", async () => {
  const [first] = await pack(recording(0.5, 20, 0.5, 6, 1.2, 1.5, 0.3, 20, 1));
  assert.equal(seconds(endOf(first?.speech.at(-1) ?? { firstSample: 0, sampleCount: 0 })), 27);
});

test("of pauses that all end a sentence the last is taken, so that windows are full", async () => {
  const [first] = await pack(recording(0.5, 20, 0.4, 4, 40, 2, 1.1, 1, 30, 20, 1));
  assert.equal(seconds(endOf(first?.speech.at(-1) ?? { firstSample: 0, sampleCount: 0 })), 69);
});

test("a pause long before is better than a cut within speech", async () => {
  const [first] = await pack(recording(0.5, 12, 0.5, 25, 1));
  assert.equal(first?.speech.length, 1);
  assert.equal(seconds(first?.speech[0]?.sampleCount ?? 0), 12);
});

test("speech without a pause is cut at a quiet place, and both windows meet there", async () => {
  const whole = recording(0.5, 75, 1);
  const windows = await pack(whole);
  assertSound(windows, whole);
  assert.equal(windows.length, 3);
  windows.slice(1).forEach((window, index) => {
    const before = windows[index]?.stretches.at(-1);
    assert.equal(window.stretches[0]?.firstSample, before && endOf(before));
  });
});

test("the pause between two windows is heard at most once", async () => {
  const [first, second] = await pack(recording(0.5, 28, 0.4, 28, 1));
  assert.ok(first && second);
  const end = endOf(first.stretches.at(-1) as never);
  assert.equal(end, second.stretches[0]?.firstSample);
});
