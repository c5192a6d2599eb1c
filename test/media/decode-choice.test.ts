import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { SottoError } from "../../src/core/errors.js";
import { type DecodeJob, decodeToSpool } from "../../src/media/decode.js";
import { ffmpeg, temporaryFolder, tone } from "./make-audio.js";

/** Which tones are in what was decoded: 400, 800 or 1600 Hz. */
async function tonesIn(folder: string, name: string, choice: Partial<DecodeJob>): Promise<number[]> {
  // As a request has a folder of its own.
  const outputPath = join(folder, `${randomUUID()}.s16le`);
  const job = { inputPath: join(folder, name), outputPath, ffmpegPath: "ffmpeg" };
  const { path, sampleCount } = await decodeToSpool({ ...job, maximumMs: 60_000, ...choice });
  const bytes = await readFile(path);
  const samples = new Int16Array(bytes.buffer, bytes.byteOffset, sampleCount);
  return [400, 800, 1600].filter((hz) => amplitudeAt(samples, hz) > 500);
}

/** Of a tone, by correlation with both its phases. */
function amplitudeAt(samples: Int16Array, hz: number): number {
  let [real, imaginary] = [0, 0];
  samples.forEach((sample, at) => {
    real += sample * Math.cos((2 * Math.PI * hz * at) / 16_000);
    imaginary += sample * Math.sin((2 * Math.PI * hz * at) / 16_000);
  });
  return (2 * Math.hypot(real, imaginary)) / samples.length;
}

const sine = (hz: number) => ["-f", "lavfi", "-i", `sine=frequency=${hz}:sample_rate=16000:duration=1`];

/** A stereo recording with 400 Hz on the left and 800 Hz on the right. */
async function stereo(context: TestContext): Promise<string> {
  const folder = await temporaryFolder(context);
  const sides = "[0:a][1:a]join=inputs=2:channel_layout=stereo[o]";
  await ffmpeg(folder, ...sine(400), ...sine(800), "-filter_complex", sides, "-map", "[o]", "stereo.wav");
  return folder;
}

test("of a stereo recording the mix has both sides, and either side can be had alone", async (context) => {
  const folder = await stereo(context);
  assert.deepEqual(await tonesIn(folder, "stereo.wav", {}), [400, 800]);
  assert.deepEqual(await tonesIn(folder, "stereo.wav", { channel: "mix" }), [400, 800]);
  assert.deepEqual(await tonesIn(folder, "stereo.wav", { channel: "left" }), [400]);
  assert.deepEqual(await tonesIn(folder, "stereo.wav", { channel: "right" }), [800]);
});

test("a mono recording has the same on both sides, and one of six channels a left and a right", async (context) => {
  const folder = await temporaryFolder(context);
  await ffmpeg(folder, ...sine(400), "mono.wav");
  for (const channel of ["left", "right"] as const) {
    assert.deepEqual(await tonesIn(folder, "mono.wav", { channel }), [400]);
  }
  const silence = Array.from({ length: 4 }, () => ["-f", "lavfi", "-t", "1", "-i", "anullsrc=r=16000:cl=mono"]).flat();
  const six =
    "[0:a][1:a][2:a][3:a][4:a][5:a]join=inputs=6:channel_layout=5.1:map=0.0-FL|1.0-FR|2.0-FC|3.0-LFE|4.0-BL|5.0-BR[o]";
  await ffmpeg(folder, ...sine(400), ...sine(800), ...silence, "-filter_complex", six, "-map", "[o]", "six.wav");
  assert.deepEqual(await tonesIn(folder, "six.wav", { channel: "left" }), [400]);
  assert.deepEqual(await tonesIn(folder, "six.wav", { channel: "right" }), [800]);
});

test("an audio track is chosen by its place among the audio tracks, whatever else the container holds", async (context) => {
  const folder = await temporaryFolder(context);
  const picture = ["-f", "lavfi", "-i", "testsrc=size=64x48:rate=10:duration=1"];
  const maps = ["-map", "1:a", "-map", "0:v", "-map", "2:a", "-map", "3:a"];
  await ffmpeg(folder, ...picture, ...sine(400), ...sine(800), ...sine(1600), ...maps, "-c:a", "pcm_s16le", "film.mkv");
  for (const [audioTrack, hz] of [400, 800, 1600].entries()) {
    assert.deepEqual(await tonesIn(folder, "film.mkv", { audioTrack }), [hz]);
  }
  await assert.rejects(tonesIn(folder, "film.mkv", { audioTrack: 3 }), ({ code, param }: SottoError) => {
    assert.deepEqual([code, param], ["invalid_value", "audio_track"]);
    return true;
  });
});

test("the limit on length holds for the track that is chosen", async (context) => {
  const folder = await temporaryFolder(context);
  await ffmpeg(folder, ...tone(1), ...tone(9), "-map", "0", "-map", "1", "-c:a", "pcm_s16le", "two.mka");
  assert.deepEqual(await tonesIn(folder, "two.mka", { maximumMs: 5000 }), []);
  await assert.rejects(tonesIn(folder, "two.mka", { maximumMs: 5000, audioTrack: 1 }), { code: "audio_too_long" });
});
