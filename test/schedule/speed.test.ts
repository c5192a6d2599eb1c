import assert from "node:assert/strict";
import { test } from "node:test";
import { AudioLength, ByteRate } from "../../src/schedule/audio-length.js";
import { Speed } from "../../src/schedule/speed.js";
import { Chance } from "../support/chance.js";

const isNear = (actual: number, expected: number, share: number) =>
  assert.ok(Math.abs(actual - expected) <= share * expected, `${actual}, expected ${expected}`);

test("before anything is measured the size of the model says what to expect", () => {
  const tiny = Speed.ofModel({ bytes: 77e6 }, 2);
  assert.ok(tiny.windowMs(30_000) > 100 && tiny.windowMs(30_000) < 5000);
  assert.ok(Speed.ofModel({ bytes: 3e9 }, 2).windowMs(30_000) > 10 * tiny.windowMs(30_000));
  assert.ok(Speed.ofModel({ bytes: 77e6 }, 1).windowMs(30_000) > tiny.windowMs(30_000));
  assert.ok(tiny.windowMs(5000) < tiny.windowMs(30_000));
});

test("what windows take is learnt, by their length", () => {
  const speed = new Speed(60_000);
  const chance = new Chance(1);
  const takes = (audioMs: number) => 200 + audioMs / 100;
  for (let window = 0; window < 200; window++) {
    const audioMs = 2000 + chance.below(26_000);
    speed.learn(audioMs, takes(audioMs) * (0.9 + chance.below(20) / 100));
  }
  for (const audioMs of [2000, 10_000, 28_000]) isNear(speed.windowMs(audioMs), takes(audioMs), 0.1);
});

test("windows all of one length say what such a window takes, and others cost less or more", () => {
  const speed = new Speed(60_000);
  for (let window = 0; window < 50; window++) speed.learn(5000, 400);
  isNear(speed.windowMs(5000), 400, 0.01);
  assert.ok(speed.windowMs(28_000) > 400 && speed.windowMs(28_000) < 2400, String(speed.windowMs(28_000)));
});

test("one window that hung is no measure, a machine that has become slower is", () => {
  const speed = new Speed(1000);
  for (let window = 0; window < 50; window++) speed.learn(5000, 400);
  speed.learn(5000, 600_000);
  assert.ok(speed.windowMs(5000) < 600, String(speed.windowMs(5000)));
  for (let window = 0; window < 60; window++) speed.learn(5000, 1200);
  isNear(speed.windowMs(5000), 1200, 0.1);
});

test("a length is guessed from bytes, corrected as ffmpeg goes on, and bytes say more the next time", () => {
  const rate = new ByteRate();
  const audio = new AudioLength(rate);
  assert.equal(audio.totalMs, 0);
  audio.guessFrom(1_000_000);
  const guessMs = audio.totalMs;
  assert.ok(guessMs > 10_000 && guessMs < 600_000);
  audio.grew(2 * guessMs);
  assert.deepEqual([audio.totalMs, audio.isKnown], [2 * guessMs, false]);
  audio.take(20_000);
  audio.ended(250_000);
  assert.deepEqual([audio.totalMs, audio.leftMs, audio.isKnown], [250_000, 230_000, true]);
  for (let recording = 0; recording < 30; recording++) rate.learn(1_000_000, 250_000);
  isNear(rate.lengthMs(2_000_000), 500_000, 0.05);
});
