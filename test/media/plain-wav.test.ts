import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { decodeToSpool } from "../../src/media/decode.js";
import { readPlainWav } from "../../src/media/plain-wav.js";
import { ffmpeg, temporaryFolder, tone } from "./make-audio.js";

const PLAIN = ["-c:a", "pcm_s16le", "-f", "wav"];

test("a short WAV file at 16 kHz, mono, of 16 bits is read as ffmpeg reads it, with what stands around its samples", async (context) => {
  const folder = await temporaryFolder(context);
  const made: Record<string, string[]> = {
    bare: ["-bitexact", ...PLAIN],
    titled: ["-metadata", "title=A tone", ...PLAIN],
  };
  for (const [name, options] of Object.entries(made)) {
    const path = join(folder, name);
    await ffmpeg(folder, ...tone(2), ...options, name);
    await ffmpeg(folder, "-i", name, "-f", "s16le", `${name}.s16le`);
    const expected = await readFile(`${path}.s16le`);
    assert.deepEqual(await readPlainWav(path), expected, name);
    const outputPath = join(folder, "spool");
    const spool = await decodeToSpool({ inputPath: path, outputPath, ffmpegPath: "ffmpeg", maximumMs: 60_000 });
    assert.equal(spool.sampleCount, 32_000);
    assert.deepEqual(await readFile(outputPath), expected, name);
  }
});

test("any other WAV file is left to ffmpeg: other samples, cut, damaged, of two parts, or long", async (context) => {
  const folder = await temporaryFolder(context);
  const others: Record<string, string[]> = {
    stereo: ["-ac", "2", ...PLAIN],
    "8 kHz": ["-ar", "8000", ...PLAIN],
    "8 bit": ["-c:a", "pcm_u8", "-f", "wav"],
    floats: ["-c:a", "pcm_f32le", "-f", "wav"],
    flac: ["-f", "flac"],
  };
  for (const [name, options] of Object.entries(others)) {
    await ffmpeg(folder, ...tone(1), ...options, name);
    assert.equal(await readPlainWav(join(folder, name)), undefined, name);
  }
  await ffmpeg(folder, ...tone(70), ...PLAIN, "long");
  assert.equal(await readPlainWav(join(folder, "long")), undefined, "long");

  await ffmpeg(folder, ...tone(1), "-bitexact", ...PLAIN, "plain");
  const plain = await readFile(join(folder, "plain"));
  assert.equal(plain.length, 44 + 32_000, "the head that is damaged below");
  const changed = (change: (copy: Buffer) => Buffer | undefined) => {
    const copy = Buffer.from(plain);
    return change(copy) ?? copy;
  };
  const damaged: Record<string, Buffer> = {
    empty: Buffer.alloc(0),
    "head alone": plain.subarray(0, 20),
    cut: plain.subarray(0, -100),
    "no samples": changed((copy) => {
      copy.writeUInt32LE(0, 40);
      return copy.subarray(0, 44);
    }),
    "half a sample": changed((copy) => {
      copy.writeUInt32LE(31_999, 40);
      return copy.subarray(0, -1);
    }),
    "length of a stream": changed((copy) => void copy.writeUInt32LE(0xffff_ffff, 40)),
    "another layout": changed((copy) => void copy.writeUInt16LE(4, 32)),
    "samples twice": Buffer.concat([plain, plain.subarray(36)]),
    "big-endian": changed((copy) => void copy.write("RIFX", 0, "latin1")),
  };
  for (const [name, bytes] of Object.entries(damaged)) {
    const path = join(folder, "damaged");
    await writeFile(path, bytes);
    assert.equal(await readPlainWav(path), undefined, name);
  }
});

test("bounds hold for a recording that ffmpeg never sees", async (context) => {
  const folder = await temporaryFolder(context);
  const decode = (inputPath: string) =>
    decodeToSpool({ inputPath, outputPath: join(folder, "spool"), ffmpegPath: "ffmpeg", maximumMs: 1500 });
  await ffmpeg(folder, ...tone(2), "-bitexact", ...PLAIN, "long");
  await assert.rejects(decode(join(folder, "long")), { code: "audio_too_long" });
  await ffmpeg(folder, ...tone(0.02), "-bitexact", ...PLAIN, "short");
  await assert.rejects(decode(join(folder, "short")), { code: "audio_too_short" });
});
