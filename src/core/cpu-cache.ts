import { join } from "node:path";
import { type ReadText, readIfThere } from "./read-if-there.js";

/** Linux says of each core's caches what level they are of and how large. */
const CACHES = "/sys/devices/system/cpu/cpu0/cache";
/** No processor has more. */
const MOST_CACHES = 10;
const UNITS: Record<string, number> = { K: 1024, M: 1024 ** 2, G: 1024 ** 3 };

/**
 * Bytes of the first core's cache of the last level; undefined where the system does not say.
 * Source: the kernel's `Documentation/ABI/testing/sysfs-devices-system-cpu`, `cache/index3/size`.
 */
export function lastLevelCacheBytes(readText: ReadText = readIfThere): number | undefined {
  let last: { level: number; bytes: number } | undefined;
  for (let index = 0; index < MOST_CACHES; index++) {
    const folder = join(CACHES, `index${index}`);
    const level = Number(readText(join(folder, "level")));
    const [, count, unit = ""] = /^(\d+)([KMG]?)$/.exec((readText(join(folder, "size")) ?? "").trim()) ?? [];
    const bytes = Number(count) * (UNITS[unit] ?? 1);
    if (level > (last?.level ?? 0) && bytes > 0) last = { level, bytes };
  }
  return last?.bytes;
}
