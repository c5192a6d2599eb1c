import { type FileHandle, open, stat } from "node:fs/promises";
import { BYTES_PER_SAMPLE, SAMPLE_RATE } from "../core/audio.js";

/** A minute, and what may stand before and after it: of more audio ffmpeg's start is a small part of the work. */
const MOST_BYTES = 2 * 1024 * 1024;
/** `RIFF`, a length, `WAVE`. */
const HEAD_BYTES = 12;
const CHUNK_HEAD_BYTES = 8;
/** What `fmt ` says of 16-bit PCM at 16 kHz, mono: code, channels, rate, bytes a second, bytes of a sample, bits. */
const FORMAT_BYTES = 16;
const PCM = 1;

/**
 * The samples of a short WAV file that holds them as the engine wants them: starting ffmpeg to copy them takes it
 * 60 ms, as long as a small model takes for a sentence. Only what is whole and has one meaning is read here.
 *
 * @returns undefined for any other file, which is ffmpeg's
 */
export async function readPlainWav(path: string): Promise<Buffer | undefined> {
  const found = await stat(path);
  if (!found.isFile() || found.size > MOST_BYTES) return undefined;
  await using handle = await open(path, "r");
  if (!(await isWav(handle))) return undefined;
  const file = await handle.readFile();
  let isPlain = false;
  let samples: Buffer | undefined;
  for (let at = 0; at < file.length; ) {
    if (at + CHUNK_HEAD_BYTES > file.length) return undefined;
    const name = file.toString("latin1", at, at + 4);
    const begin = at + CHUNK_HEAD_BYTES;
    const end = begin + file.readUInt32LE(at + 4);
    if (end > file.length) return undefined;
    if (name === "fmt ") isPlain = isPlainFormat(file.subarray(begin, end));
    if (name === "data") {
      if (samples) return undefined;
      samples = file.subarray(begin, end);
    }
    at = end + (end % 2); // chunks begin at even places
  }
  return isPlain && samples && samples.length > 0 && samples.length % BYTES_PER_SAMPLE === 0 ? samples : undefined;
}

/** Reads the head alone, after which the handle stands: most uploads are of another kind. */
async function isWav(handle: FileHandle): Promise<boolean> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, null);
  if (bytesRead < HEAD_BYTES) return false;
  return buffer.toString("latin1", 0, 4) === "RIFF" && buffer.toString("latin1", 8, 12) === "WAVE";
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
