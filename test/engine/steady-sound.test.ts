import assert from "node:assert/strict";
import { test } from "node:test";
import { SPEECH_FRAME_SAMPLES } from "../../src/core/audio.js";
import { unsteadyFrames } from "../../src/engine/steady-sound.js";
import { noise, seeded, sound } from "../plan/sounds.js";
import { decodeFile } from "../support/decode-file.js";
import { FIXTURES } from "../support/fixtures.js";

const seconds = (frame: number) => (frame * SPEECH_FRAME_SAMPLES) / 16_000;
const runsIn = (pcm: Int16Array) =>
  unsteadyFrames(pcm).map(({ first, end }) => [seconds(first), seconds(end)].map((sec) => Math.round(sec)));

test("of steady noise, however loud, only the last second is judged", () => {
  for (const loudness of [0.00005, 0.001, 0.05, 0.5]) assert.deepEqual(runsIn(noise([[20, loudness]])), [[19, 20]]);
});

test("what stands out is judged with a second around it", () => {
  const faint = noise([
    [10, 0.01],
    [0.1, 0.014],
    [9.9, 0.01],
  ]);
  assert.deepEqual(runsIn(faint), [
    [9, 11],
    [19, 20],
  ]);
});

test("a voice far below a hum is judged", () => {
  const random = seeded(3);
  const pcm = sound(20, (sec) => {
    const voice = sec > 8 && sec < 9 ? 0.004 * Math.sin(2 * Math.PI * 1500 * sec) : 0;
    return 0.3 * Math.sin(2 * Math.PI * 50 * sec) + voice + 0.0005 * (random() * 2 - 1);
  });
  const runs = runsIn(pcm);
  assert.ok(
    runs.some(([from = 0, to = 0]) => from <= 7 && to >= 10),
    JSON.stringify(runs),
  );
});

test("of every recording of speech all of the speech is judged, also in noise as loud as it is", () => {
  for (const { path, utterances } of FIXTURES) {
    const clean = decodeFile(path);
    const power = clean.reduce((sum, sample) => sum + sample * sample, 0) / clean.length;
    for (const signalToNoiseDb of [60, 10, 0]) {
      const random = seeded(5);
      const width = Math.sqrt(12 * power * 10 ** (-signalToNoiseDb / 10));
      const noisy = clean.map((sample) => Math.max(-32_768, Math.min(32_767, sample + (random() - 0.5) * width)));
      const pieces = 20 * 16_000;
      const first = Math.floor(pieces / SPEECH_FRAME_SAMPLES) * SPEECH_FRAME_SAMPLES;
      for (const { startSec, endSec } of utterances) {
        const piece = Math.floor((startSec * 16_000) / first);
        const runs = unsteadyFrames(noisy.subarray(piece * first, (piece + 1) * first));
        const at = (startSec + Math.min(endSec - startSec, 0.3)) * 16_000 - piece * first;
        if (at >= first) continue;
        const frame = at / SPEECH_FRAME_SAMPLES;
        assert.ok(
          runs.some(({ first: from, end }) => from <= frame && frame < end),
          `${path} at ${startSec} s, ${signalToNoiseDb} dB`,
        );
      }
    }
  }
});
