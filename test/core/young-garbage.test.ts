import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { buffersUsed } from "../../src/core/young-garbage.js";

const CHUNK_BYTES = 64 * 1024;
const MEBIBYTE = 1024 ** 2;

/** The most that lay in buffers at a time while 256 MiB of them went by, as an upload's do. */
async function mostInBuffers(afterEach: (byteCount: number) => void): Promise<number> {
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  for (let used = 0; used < 256 * MEBIBYTE; used += CHUNK_BYTES) {
    Buffer.allocUnsafeSlow(CHUNK_BYTES).fill(1);
    afterEach(CHUNK_BYTES);
    most = Math.max(most, process.memoryUsage().arrayBuffers - before);
    if (used % MEBIBYTE === 0) await sleep(0);
  }
  return most;
}

test("of buffers that were counted as used a few mebibytes are left at a time", async () => {
  const most = await mostInBuffers(buffersUsed);
  assert.ok(most < 12 * MEBIBYTE, `${most} bytes`);
});
