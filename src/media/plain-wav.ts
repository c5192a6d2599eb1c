import { type FileHandle, open, stat } from "node:fs/promises";
import { BYTES_PER_SAMPLE, SAMPLE_RATE } from "../core/audio.js";

/** `RIFF`, a length, `WAVE`. */
const HEAD_BYTES = 12;
const CHUNK_HEAD_BYTES = 8;
/** What `fmt ` says of 16-bit PCM at 16 kHz, mono: code, channels, rate, bytes a second, bytes of a sample, bits. */
const FORMAT_BYTES = 16;
const PCM = 1;
/** Files hold a handful; one that is made of nothing else would be read for minutes. */
const MOST_CHUNKS = 32;

/** Where a file holds samples as the engine wants them. */
export interface PlainSamples {
  firstByte: number;
  sampleCount: number;
}

/**
 * Finds the samples of a WAV file that holds them as the engine wants them, so that they need no ffmpeg: its start alone takes
 * 60 ms, as long as a small model takes for a sentence, and it copies what could be read where it is. Only what is whole and has
 * one meaning is found here, by the heads of its chunks.
 *
 * @returns undefined for any other file, which is ffmpeg's
 */
export async function findPlainSamples(path: string): Promise<PlainSamples | undefined> {
  // Before it is opened: a pipe would keep whoever opens it waiting.
  const found = await stat(path);
  if (!found.isFile()) return undefined;
  await using handle = await open(path, "r");
  const head = await readAt(handle, 0, HEAD_BYTES);
  if (head.toString("latin1", 0, 4) !== "RIFF" || head.toString("latin1", 8, 12) !== "WAVE") return undefined;
  let isPlain: boolean | undefined;
  let samples: { begin: number; bytes: number } | undefined;
  let at = HEAD_BYTES;
  for (let chunks = 0; at < found.size; chunks++) {
    const chunk = await readAt(handle, at, CHUNK_HEAD_BYTES);
    if (chunk.length < CHUNK_HEAD_BYTES || chunks === MOST_CHUNKS) return undefined;
    const name = chunk.toString("latin1", 0, 4);
    const bytes = chunk.readUInt32LE(4);
    const begin = at + CHUNK_HEAD_BYTES;
    if (begin + bytes > found.size) return undefined;
    if (name === "fmt ") {
      if (isPlain !== undefined || bytes !== FORMAT_BYTES) return undefined;
      isPlain = isPlainFormat(await readAt(handle, begin, FORMAT_BYTES));
    }
    if (name === "data") {
      if (samples || !isPlain) return undefined;
      samples = { begin, bytes };
    }
    at = begin + bytes + (bytes % 2); // chunks begin at even places
  }
  if (!samples || samples.bytes === 0 || samples.bytes % BYTES_PER_SAMPLE !== 0) return undefined;
  return { firstByte: samples.begin, sampleCount: samples.bytes / BYTES_PER_SAMPLE };
}

/** The samples themselves. */
export async function readPlainSamples(path: string, { firstByte, sampleCount }: PlainSamples): Promise<Buffer> {
  await using handle = await open(path, "r");
  return readAt(handle, firstByte, sampleCount * BYTES_PER_SAMPLE);
}

/** @returns fewer bytes where the file ends */
async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}

function isPlainFormat(format: Buffer): boolean {
  return (
    format.length === FORMAT_BYTES &&
    format.readUInt16LE(0) === PCM &&
    format.readUInt16LE(2) === 1 &&
    format.readUInt32LE(4) === SAMPLE_RATE &&
    format.readUInt32LE(8) === SAMPLE_RATE * BYTES_PER_SAMPLE &&
    format.readUInt16LE(12) === BYTES_PER_SAMPLE &&
    format.readUInt16LE(14) === 8 * BYTES_PER_SAMPLE
  );
}
