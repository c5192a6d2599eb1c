import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { readStretches } from "../../src/engine/read-stretches.js";
import { type DecodeJob, decodeToSpool } from "../../src/media/decode.js";
import { findPlainSamples } from "../../src/media/plain-wav.js";
import { SpoolReader } from "../../src/plan/spool-reader.js";
import { ffmpeg, temporaryFolder, tone } from "./make-audio.js";

const PLAIN = ["-c:a", "pcm_s16le", "-f", "wav"];

test("a WAV file at 16 kHz, mono, of 16 bits holds what ffmpeg reads of it, between what stands around its samples", async (context) => {
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
    const { firstByte = 0, sampleCount = 0 } = (await findPlainSamples(path)) ?? {};
    assert.deepEqual((await readFile(path)).subarray(firstByte, firstByte + 2 * sampleCount), expected, name);
    const outputPath = join(folder, "spool");
    const spool = await decodeToSpool({ inputPath: path, outputPath, ffmpegPath: "ffmpeg", maximumMs: 60_000 });
    assert.deepEqual(spool, { path: outputPath, sampleCount: 32_000 });
    assert.deepEqual(await readFile(outputPath), expected, name);
  }
});

test("of an input that stays as it is the samples are read where they are, however many", async (context) => {
  const folder = await temporaryFolder(context);
  const [inputPath, outputPath] = [join(folder, "upload"), join(folder, "spool")];
  const job = { inputPath, outputPath, ffmpegPath: "ffmpeg", maximumMs: 120_000 };
  await ffmpeg(folder, ...tone(90), "-metadata", "title=A tone", ...PLAIN, "upload");
  const changing = await decodeToSpool(job);
  assert.equal(changing.path, outputPath, "by ffmpeg");
  const expected = await readFile(outputPath);
  await rm(outputPath);
  const spool = await decodeToSpool({ ...job, isInputKept: true });
  assert.ok(!existsSync(outputPath), "nothing is written");
  assert.deepEqual([spool.path, spool.sampleCount], [inputPath, 90 * 16_000]);
  const heard = new Int16Array(spool.sampleCount);
  readStretches(spool, [{ firstSample: 0, sampleCount: spool.sampleCount }], heard);
  assert.deepEqual(Buffer.from(heard.buffer), expected);
  await using reader = new SpoolReader(
    { ...spool, growBeyond: async () => ({ sampleCount: spool.sampleCount, isWhole: true }) },
    new AbortController().signal,
  );
  assert.deepEqual([...(await reader.read(700, 300))], [...heard.subarray(700, 1000)]);
  await assert.rejects(decodeToSpool({ ...job, isInputKept: true, maximumMs: 60_000 }), { code: "audio_too_long" });
  assert.ok(existsSync(inputPath), "a refused input is not the spool's to remove");
  const wishes: Partial<DecodeJob>[] = [{ channel: "left" }, { containers: ["mp3"] }, { audioTrack: 1 }];
  for (const wish of wishes) {
    const decoding = decodeToSpool({ ...job, isInputKept: true, ...wish });
    const path = await decoding.then(
      (decoded) => decoded.path,
      () => "refused",
    );
    assert.notEqual(path, inputPath, Object.keys(wish)[0]);
  }
});

test("any other WAV file is left to ffmpeg: other samples, cut, damaged, of two parts, or of very many", async (context) => {
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
    assert.equal(await findPlainSamples(join(folder, name)), undefined, name);
  }
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
    "samples before their format": Buffer.concat([plain.subarray(0, 12), plain.subarray(36), plain.subarray(12, 36)]),
    "a hundred thousand chunks": Buffer.concat([plain, Buffer.alloc(800_000)]),
    "something after the last chunk": Buffer.concat([plain, Buffer.from("abc")]),
    "samples twice": Buffer.concat([plain, plain.subarray(36)]),
    "big-endian": changed((copy) => void copy.write("RIFX", 0, "latin1")),
  };
  for (const [name, bytes] of Object.entries(damaged)) {
    const path = join(folder, "damaged");
    await writeFile(path, bytes);
    assert.equal(await findPlainSamples(path), undefined, name);
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
