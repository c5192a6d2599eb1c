import assert from "node:assert/strict";
import { test } from "node:test";
import { divideCores } from "../../src/engine/parallelism.js";

const share = (workers: number | undefined, threads: number | undefined, cores: number) => {
  const { workers: chosen, threadsPerWorker } = divideCores({ workers, threads }, {}, { cores });
  return [chosen, threadsPerWorker];
};

const batch = (workers: number | undefined, threads: number | undefined, cores: number) => {
  const share = divideCores({ workers, threads }, { kernels: "avx2" }, { cores });
  return [share.workers, share.threadsPerWorker];
};

test("kernels of our own decode more windows at once than there are cores, on no more threads than these", () => {
  assert.deepEqual(batch(undefined, undefined, 1), [8, 1]);
  assert.deepEqual(batch(undefined, undefined, 2), [8, 2]);
  assert.deepEqual(batch(undefined, undefined, 3), [12, 3]);
  assert.deepEqual(batch(undefined, undefined, 96), [16, 16]);
  assert.deepEqual(batch(1, undefined, 2), [1, 2]);
  assert.deepEqual(batch(32, 1, 4), [32, 1]);
  assert.deepEqual(batch(undefined, 64, 4), [16, 4]);
  assert.deepEqual(batch(undefined, 32, 64), [16, 32]);
});

test("a batch has as many windows as the processor's cache holds, two to four for each core", () => {
  const windows = (audioMib: number, cores: number, cacheMib: number) => {
    const room = { audioBytes: audioMib * 1024 ** 2, cores, cacheBytes: cacheMib * 1024 ** 2 };
    return divideCores({ workers: undefined, threads: undefined }, { kernels: "avx2" }, room).workers;
  };
  assert.deepEqual([windows(2, 2, 32), windows(5, 2, 32), windows(8, 2, 32), windows(40, 2, 32)], [8, 6, 4, 4]);
  assert.deepEqual([windows(2, 4, 32), windows(3, 4, 32), windows(40, 4, 32)], [16, 10, 8]);
  assert.deepEqual([windows(40, 64, 32), windows(2, 1, 4), windows(2, 1, 1)], [16, 4, 4]);
});

test("a GPU has memory of its own: the processor's cache does not count", () => {
  const room = { audioBytes: 1e9, cores: 2, cacheBytes: 1 };
  const asked = { workers: undefined, threads: undefined };
  assert.deepEqual(divideCores(asked, { device: "Vulkan0" }, room), { workers: 8, threadsPerWorker: 2 });
});

test("left alone, one worker is given to each four cores", () => {
  assert.deepEqual(share(undefined, undefined, 1), [1, 1]);
  assert.deepEqual(share(undefined, undefined, 2), [1, 2]);
  assert.deepEqual(share(undefined, undefined, 8), [2, 4]);
  assert.deepEqual(share(undefined, undefined, 14), [3, 4]);
});

test("workers times threads never exceed the cores, whatever is asked for", () => {
  for (const cores of [1, 2, 3, 4, 7, 16, 96]) {
    for (const workers of [undefined, 1, 2, 5, 64]) {
      for (const threads of [undefined, 1, 3, 8, 256]) {
        const { workers: chosen, threadsPerWorker } = divideCores({ workers, threads }, {}, { cores });
        assert.ok(
          chosen >= 1 && threadsPerWorker >= 1 && chosen * threadsPerWorker <= cores,
          `${cores} ${workers} ${threads}`,
        );
      }
    }
  }
});

test("what is asked for within the cores is given", () => {
  assert.deepEqual(share(2, 1, 2), [2, 1]);
  assert.deepEqual(share(2, 3, 8), [2, 3]);
  assert.deepEqual(share(undefined, 2, 8), [4, 2]);
});
