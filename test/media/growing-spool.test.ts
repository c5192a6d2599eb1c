import assert from "node:assert/strict";
import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { Spool } from "../../src/core/audio.js";
import { DecodingSpool } from "../../src/media/growing-spool.js";
import { temporaryFolder } from "./make-audio.js";

test("who waits for samples is woken when they are there, and at the end whatever came", async (context) => {
  const path = join(await temporaryFolder(context), "audio.s16le");
  let end = (_: Spool) => {};
  const spool = new DecodingSpool(path, new Promise((resolve) => (end = resolve)));
  const some = spool.growBeyond(99);
  const many = spool.growBeyond(1e6);
  await appendFile(path, Buffer.alloc(201));
  assert.deepEqual(await some, { sampleCount: 100, isWhole: false });
  assert.equal(spool.durationMs, undefined);
  end({ path, sampleCount: 100 });
  assert.deepEqual(await many, { sampleCount: 100, isWhole: true });
  assert.deepEqual(await spool.growBeyond(Number.POSITIVE_INFINITY), { sampleCount: 100, isWhole: true });
});

test("when the decoding fails, all who wait hear why, and so does who comes later", async () => {
  let fail = (_: Error) => {};
  const ended = new Promise<Spool>((_, reject) => (fail = reject));
  const spool = new DecodingSpool("/does/not/exist", ended);
  const waiting = [spool.growBeyond(0), spool.growBeyond(10)];
  fail(new Error("broken"));
  for (const one of waiting) await assert.rejects(one, /broken/);
  await assert.rejects(spool.growBeyond(0), /broken/);
});
