import assert from "node:assert/strict";
import { test } from "node:test";
import { lastLevelCacheBytes } from "../../src/core/cpu-cache.js";

const caches = (...sizes: [level: string, size: string][]) => {
  const contents = Object.fromEntries(
    sizes.flatMap(([level, size], index) => [
      [`/sys/devices/system/cpu/cpu0/cache/index${index}/level`, `${level}\n`],
      [`/sys/devices/system/cpu/cpu0/cache/index${index}/size`, `${size}\n`],
    ]),
  );
  return (path: string) => contents[path];
};

test("the cache of the last level counts, in bytes", () => {
  assert.equal(
    lastLevelCacheBytes(caches(["1", "48K"], ["1", "32K"], ["2", "1024K"], ["3", "32768K"])),
    32 * 1024 ** 2,
  );
  assert.equal(lastLevelCacheBytes(caches(["3", "96M"], ["1", "32K"])), 96 * 1024 ** 2);
});

test("where nothing is said of it, nothing is made up", () => {
  assert.equal(lastLevelCacheBytes(caches()), undefined);
  assert.equal(lastLevelCacheBytes(caches(["3", "much"], ["x", "32K"])), undefined);
});
