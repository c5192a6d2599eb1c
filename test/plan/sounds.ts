import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { type GrowingSpool, SAMPLE_RATE } from "../../src/core/audio.js";
import { temporaryFolder } from "../media/make-audio.js";

/** A stretch of sound: how long, and how loud (0..1 of full scale). */
export type Stretch = [seconds: number, loudness: number];

/** Mulberry32: the same numbers in every run. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** White noise whose loudness changes from stretch to stretch. */
export function noise(stretches: Stretch[], random = seeded(1)): Int16Array {
  const counts = stretches.map(([seconds]) => Math.round(seconds * SAMPLE_RATE));
  const samples = new Int16Array(counts.reduce((sum, count) => sum + count, 0));
  let at = 0;
  stretches.forEach(([, loudness], index) => {
    const end = at + (counts[index] ?? 0);
    while (at < end) samples[at++] = Math.round((random() * 2 - 1) * 32767 * loudness);
  });
  return samples;
}

/** Samples by a function of the time in seconds, -1..1. */
export function sound(seconds: number, at: (second: number) => number): Int16Array {
  return Int16Array.from({ length: Math.round(seconds * SAMPLE_RATE) }, (_, i) =>
    Math.round(32767 * Math.max(-1, Math.min(1, at(i / SAMPLE_RATE)))),
  );
}

/** A recording that is all there. */
export async function spoolOf(context: TestContext, samples: Int16Array): Promise<GrowingSpool> {
  const path = join(await temporaryFolder(context), "audio.s16le");
  await writeFile(path, new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength));
  return wholeSpool(path, samples.length);
}

export function wholeSpool(path: string, sampleCount: number): GrowingSpool {
  return { path, growBeyond: async () => ({ sampleCount, isWhole: true }) };
}
