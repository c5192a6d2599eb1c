import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { InstalledModel } from "../../catalog/model-store.js";
import { CommandError } from "../../core/config.js";
import { packageRoot } from "../../core/package-root.js";
import { decodeToSpool } from "../../media/decode.js";
import { codeOfWindow, RATE_HZ, scriptedSound } from "./scripted-sound.js";
import { CODE_COUNT, scriptedWords } from "./scripted-text.js";
import { wavOf } from "./wav.js";

export const WINDOW_SEC = 30;
/** One second of words, a sentence, a window. */
export const CLIP_SECONDS = [3, 11, 30] as const;

export interface Recording {
  wav: Buffer;
  durationSec: number;
  /** The words that are said; undefined: nobody knows. */
  words?: readonly string[];
}

/** Where recordings come from: made for scripted models, else speech that came with a package. */
export interface RecordingSource {
  /** Says in words what they are. */
  description: string;
  /** @param index recordings of other indices sound different, for the first 64 where sound is made */
  clip(durationSec: number, index: number): Recording;
}

/** Whether a model is one of `scripts/bench/scripted-model.mjs`, which names them so. */
export function isScripted(modelId: string): boolean {
  return /-scripted(-q\d_\d)?$/.test(modelId);
}

/** @throws CommandError when speech cannot be decoded */
export async function recordingsFor(model: InstalledModel, ffmpegPath: string): Promise<RecordingSource> {
  if (isScripted(model.id)) return { description: "made sound that a scripted model follows", clip: scriptedClip };
  const demonstration = { path: join(packageRoot(), "models", "demo-en.opus"), name: "models/demo-en.opus" };
  const speech = model.demonstration ? demonstration : (sentence() ?? demonstration);
  const samples = await decodeSpeech(speech.path, ffmpegPath);
  const description = `${speech.name}, ${(samples.length / RATE_HZ).toFixed(1)} s of speech at the start of every 30 s`;
  return { description, clip: (durationSec, index) => spokenClip(samples, durationSec, index) };
}

export function scriptedClip(durationSec: number, index: number): Recording {
  const firstCode = (index * 5 + 1) % CODE_COUNT;
  const words: string[] = [];
  for (let start = 0; start < durationSec; start += WINDOW_SEC) {
    const code = codeOfWindow(firstCode, start / WINDOW_SEC);
    words.push(...scriptedWords(code, Math.min(WINDOW_SEC, durationSec - start)));
  }
  return { wav: wavOf(scriptedSound(durationSec, firstCode), RATE_HZ), durationSec, words };
}

/** The same speech in every window: said twice within one, it would look like a loop, which engines decode again. */
function spokenClip(speech: Int16Array, durationSec: number, index: number): Recording {
  const samples = new Int16Array(durationSec * RATE_HZ);
  for (let start = 0; start < samples.length; start += WINDOW_SEC * RATE_HZ) {
    samples.set(speech.subarray(0, Math.min(speech.length, samples.length - start)), start);
  }
  // The same bytes, asked for again while the first are under way, would be answered by the first.
  samples[samples.length - 1] = index;
  return { wav: wavOf(samples, RATE_HZ), durationSec };
}

/** Eleven seconds of English that come with whisper.cpp's source. */
function sentence(): { path: string; name: string } | undefined {
  try {
    const manifest = createRequire(import.meta.url).resolve("nodejs-whisper/package.json");
    const path = join(dirname(manifest), "cpp/whisper.cpp/samples/jfk.mp3");
    return existsSync(path) ? { path, name: "whisper.cpp's samples/jfk.mp3" } : undefined;
  } catch {
    return undefined; // the package is not here
  }
}

async function decodeSpeech(inputPath: string, ffmpegPath: string): Promise<Int16Array> {
  const folder = await mkdtemp(join(tmpdir(), "sotto-bench-"));
  try {
    const outputPath = join(folder, "speech.s16le");
    await decodeToSpool({ inputPath, outputPath, ffmpegPath, maximumMs: WINDOW_SEC * 1000 });
    const bytes = await readFile(outputPath);
    return new Int16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  } catch (error) {
    throw new CommandError(`speech to measure with could not be decoded: ${(error as Error).message}`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
