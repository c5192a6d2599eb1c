import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { SpeechModel } from "../../src/catalog/speech-model.js";
import { readCommandLine } from "../../src/core/config.js";
import { chooseBackend } from "../../src/engine/backend.js";
import { SpeechDetection } from "../../src/plan/speech-detection.js";
import { DEFAULT_SPEECH_PARAMS } from "../../src/plan/speech-params.js";
import { speechWindows } from "../../src/plan/windows.js";
import { decodeFile } from "../support/decode-file.js";
import { FIXTURES } from "../support/fixtures.js";
import { seeded, sound, wholeSpool } from "./sounds.js";

// The weights are nobody's to copy, and the package that carries them drags in a hundred megabytes that nothing here needs.
// So they are no devDependency: whoever has installed them tests them too.
const { home } = readCommandLine("models", ["list"], process.env).config;
const modelsFolder = join(home, "models");
const isInstalled = (await new SpeechModel(modelsFolder).find()).state === "installed";
const skip = isInstalled ? false : "Silero VAD is not installed here: npx sotto models pull silero-vad";

const folder = mkdtempSync(join(tmpdir(), "sotto-weights-"));
const { cpuModule } = await chooseBackend({ device: "cpu", cpuVariant: "auto", home: folder }, () => {});
const detection = new SpeechDetection({ modelsFolder, cpuModule, warn: (line) => assert.fail(line) });
after(async () => {
  await detection.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Where Silero hears speech, in seconds. */
async function speechIn(samples: Int16Array): Promise<{ start: number; end: number }[]> {
  const path = join(folder, "sound.s16le");
  writeFileSync(path, samples);
  const search = { detector: await detection.detector(), params: DEFAULT_SPEECH_PARAMS };
  const found = [];
  const spool = wholeSpool(path, samples.length);
  for await (const { speech } of speechWindows(spool, search, new AbortController().signal, { speechMs: 0 })) {
    for (const { firstSample, sampleCount } of speech) {
      found.push({ start: firstSample / 16_000, end: (firstSample + sampleCount) / 16_000 });
    }
  }
  return found;
}

for (const { file, path, utterances } of FIXTURES.filter((fixture) => fixture.utterances.length > 0)) {
  test(`Silero finds every utterance of ${file} where it is, and nothing between them`, { skip }, async () => {
    const found = await speechIn(decodeFile(path));
    for (const { startSec, endSec } of utterances) {
      const near = found.filter(({ start, end }) => start < endSec && end > startSec);
      assert.ok(Math.abs((near[0]?.start ?? 0) - startSec) < 0.3, `${startSec} s: ${JSON.stringify(near)}`);
      assert.ok(Math.abs((near.at(-1)?.end ?? 0) - endSec) < 0.4, `${endSec} s: ${JSON.stringify(near)}`);
    }
    for (const { start, end } of found) {
      assert.ok(
        utterances.some(({ startSec, endSec }) => start < endSec + 0.1 && end > startSec - 0.1),
        `${start} s`,
      );
    }
  });
}

/** A melody: eight notes of a scale, each with overtones, that fade. */
function melody(second: number): number {
  const pitch = 220 * 2 ** (([0, 2, 4, 5, 7, 9, 11, 12][Math.floor(second * 3) % 8] as number) / 12);
  const fade = Math.exp(-4 * (second % (1 / 3)));
  const tone = (overtone: number) => Math.sin(2 * Math.PI * pitch * overtone * second) / overtone;
  return 0.3 * fade * (tone(1) + tone(2) + tone(3));
}

const random = seeded(2);
const SPEECHLESS: Record<string, (second: number) => number> = {
  "digital silence": () => 0,
  "white noise": () => (random() * 2 - 1) * 0.5,
  "a hum": (second) => 0.3 * Math.sin(2 * Math.PI * 50 * second),
  "a tone": (second) => 0.5 * Math.sin(2 * Math.PI * 440 * second),
  clicks: (second) => (second % 0.7 < 0.001 ? 0.9 : 0),
  "a melody": melody,
};
for (const [name, at] of Object.entries(SPEECHLESS)) {
  test(`Silero hears no speech in ${name}`, { skip }, async () => {
    for (const seconds of [1, 10, 60]) assert.deepEqual(await speechIn(sound(seconds, at)), [], `${seconds} s`);
  });
}
