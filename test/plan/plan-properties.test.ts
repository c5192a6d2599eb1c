import assert from "node:assert/strict";
import { test } from "node:test";
import {
  endOf,
  SAMPLE_RATE,
  SAMPLES_PER_MS,
  SPEECH_FRAME_SAMPLES,
  WINDOW_MAX_SAMPLES,
  type Window,
  windowSampleCount,
} from "../../src/core/audio.js";
import { DEFAULT_SPEECH_PARAMS, type SpeechParams } from "../../src/plan/speech-params.js";
import { type SpeechSpan, SpeechSpans } from "../../src/plan/speech-spans.js";
import { WindowPacker } from "../../src/plan/window-packer.js";
import { TimeMap } from "../../src/stitch/time-map.js";
import { seeded } from "./sounds.js";

// The whole plan, from the probabilities of frames to the map of times, on random maps of speech.

/** A window that ends at a pause is at least so long: a nearer pause is too early to count. */
const NEAR_SAMPLES = 10 * SAMPLE_RATE;
/** One of which only the edges are in a full window. */
const LONG_PAUSE_SAMPLES = 1.5 * SAMPLE_RATE;

interface Plan {
  speech: SpeechSpan[];
  windows: Window[];
  sampleCount: number;
}

/** Frames of a recording: turns of speech and silence of any length, some frames of either that look like the other. */
function randomFrames(random: () => number): Float32Array {
  const longest = random() < 0.3 ? 3000 : 300;
  const turns = 1 + Math.floor(random() * 60);
  const frames: number[] = [];
  for (let turn = 0; turn < turns; turn++) {
    const isSpeech = turn % 2 === 1;
    const count = 1 + Math.floor(random() ** 3 * longest);
    for (let i = 0; i < count; i++) frames.push(random() < 0.02 ? random() : isSpeech ? 0.9 : 0.05);
  }
  return Float32Array.from(frames);
}

async function planOf(random: () => number, params: SpeechParams): Promise<Plan> {
  const frames = randomFrames(random);
  const sampleCount = frames.length * SPEECH_FRAME_SAMPLES - Math.floor(random() * SPEECH_FRAME_SAMPLES);
  const packer = new WindowPacker(params, async (from, to) => Math.floor(from + random() * (to - from)));
  const spans = new SpeechSpans(params);
  const plan: Plan = { speech: [], windows: [], sampleCount };
  const take = async (found: SpeechSpan[]) => {
    for (const span of found) {
      plan.speech.push({ ...span });
      plan.windows.push(...(await packer.add(span)));
    }
  };
  for (let at = 0; at < frames.length; ) {
    const next = at + 1 + Math.floor(random() * 400);
    await take(spans.push(frames.subarray(at, next)));
    at = next;
    // As `windows.ts` does: after so long a silence a window does not wait for more.
    const silentSamples = spans.judgedSamples - (packer.waitsSince ?? spans.judgedSamples);
    const waiting = !spans.isOpen && silentSamples > 60 * SAMPLE_RATE ? packer.flush(spans.judgedSamples) : undefined;
    if (waiting) plan.windows.push(waiting);
  }
  await take(spans.end(sampleCount));
  const last = packer.flush(sampleCount);
  if (last) plan.windows.push(last);
  return plan;
}

async function forRandomPlans(seed: number, check: (plan: Plan) => void): Promise<void> {
  const random = seeded(seed);
  for (let round = 0; round < 300; round++) {
    const params = { ...DEFAULT_SPEECH_PARAMS };
    if (random() < 0.5) params.leadInMs = Math.floor(random() * 4000);
    if (random() < 0.3) params.minSilenceMs = Math.floor(random() * 2000);
    check(await planOf(random, params));
  }
}

/** Neighbouring pieces of one stretch of speech as one. */
function joined(spans: readonly SpeechSpan[]): SpeechSpan[] {
  const whole: SpeechSpan[] = [];
  for (const { start, end } of spans) {
    const last = whole.at(-1);
    if (last?.end === start) last.end = end;
    else whole.push({ start, end });
  }
  return whole;
}

const speechOf = ({ speech }: Window) => speech.map((one) => ({ start: one.firstSample, end: endOf(one) }));

test("windows hold all speech, each sample once, are at most 30 s long and never go back", async () => {
  let windows = 0;
  await forRandomPlans(31, (plan) => {
    assert.deepEqual(joined(plan.windows.flatMap(speechOf)), joined(plan.speech));
    let until = 0;
    for (const window of plan.windows) {
      windows++;
      assert.ok(windowSampleCount(window) <= WINDOW_MAX_SAMPLES);
      for (const stretch of window.stretches) {
        assert.ok(stretch.firstSample >= until && stretch.sampleCount > 0);
        until = endOf(stretch);
      }
    }
    assert.ok(until <= plan.sampleCount);
  });
  assert.ok(windows > 1000);
});

test("speech is cut only where no pause was near", async () => {
  let cuts = 0;
  await forRandomPlans(32, ({ windows }) => {
    for (const [index, window] of windows.entries()) {
      const last = window.speech.at(-1);
      const next = windows[index + 1]?.speech[0];
      if (!last || !next || endOf(last) !== next.firstSample) continue;
      cuts++;
      // Had the window ended at any of its pauses, it would have been shorter than that.
      // Long pauses may have stayed whole for the room there was: of them nothing counts.
      let spareSamples = 0;
      for (const [at, { firstSample, sampleCount }] of window.speech.slice(0, -1).entries()) {
        const lengthSamples = windowOffset(window, firstSample + sampleCount) - spareSamples;
        const end = firstSample + sampleCount;
        const after = windowOffset(window, window.speech[at + 1]?.firstSample ?? end) - windowOffset(window, end);
        if (after > LONG_PAUSE_SAMPLES) spareSamples += after;
        assert.ok(lengthSamples < NEAR_SAMPLES, `a pause after ${lengthSamples / SAMPLE_RATE} s`);
      }
    }
  });
  assert.ok(cuts > 100);
});

/** Where a sample of the file lies in a window. */
function windowOffset({ stretches }: Window, sample: number): number {
  let before = 0;
  for (const stretch of stretches) {
    if (sample <= endOf(stretch)) return before + sample - stretch.firstSample;
    before += stretch.sampleCount;
  }
  return before;
}

test("the map of times is monotone, and leads back to where each moment was", async () => {
  await forRandomPlans(33, ({ windows }) => {
    let latestMs = -1;
    for (const window of windows) {
      const times = new TimeMap(window);
      const lengthMs = windowSampleCount(window) / SAMPLES_PER_MS;
      for (let ms = 0; ms < lengthMs; ms += 271) {
        const moment = times.moment(ms);
        assert.ok(moment >= latestMs, `${moment} after ${latestMs}`);
        latestMs = moment;
        const sample = Math.min(moment * SAMPLES_PER_MS, endOf(window.stretches.at(-1) as never));
        assert.ok(Math.abs(windowOffset(window, sample) / SAMPLES_PER_MS - ms) <= 1, `${ms} ms`);
      }
      for (const { start, end } of speechOf(window)) {
        const inWindow = (sample: number) => windowOffset(window, sample) / SAMPLES_PER_MS;
        const placed = times.span({ startMs: inWindow(start), endMs: inWindow(end) });
        assert.ok(Math.abs(placed.startMs - start / SAMPLES_PER_MS) <= 1);
        assert.ok(Math.abs(placed.endMs - end / SAMPLES_PER_MS) <= 1);
      }
    }
  });
});

test("joints are where something of the file was left out, and nowhere else", async () => {
  await forRandomPlans(34, ({ windows }) => {
    for (const window of windows) {
      const { jointsMs } = new TimeMap(window);
      assert.equal(jointsMs.length, window.stretches.length - 1);
      for (const jointMs of jointsMs) {
        const times = new TimeMap(window);
        assert.ok(times.moment(jointMs) - times.moment(jointMs - 1) > 1, "a pause was left out");
      }
    }
  });
});
