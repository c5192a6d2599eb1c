import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { type ReadText, readIfThere } from "./read-if-there.js";

/** Where Linux mounts control groups; version 1 has a folder for each controller. */
const CGROUP_V2 = "/sys/fs/cgroup";
const CGROUP_V1_CPU = "/sys/fs/cgroup/cpu";

/**
 * Cores that this process may keep busy: those that its affinity allows, and no more than its control groups' quota pays
 * for. libuv counts affinity alone; in a container with two CPUs of a host's sixty-four, threads for all of them would
 * stand still for most of every scheduling period.
 */
export function usableCores(): number {
  return coresWithin(availableParallelism(), cpuQuota());
}

/** A quota of one and a half cores is one thread that never waits, not two that often do. */
export function coresWithin(affinity: number, quota: number | undefined): number {
  return Math.max(1, Math.min(affinity, Math.floor(quota ?? affinity)));
}

/**
 * The tightest CPU quota of the process's control group and all above it, in cores; undefined: none.
 * Source: the kernel's `Documentation/admin-guide/cgroup-v2.rst` (`cpu.max`), `scheduler/sched-bwc.rst` (version 1).
 */
export function cpuQuota(readText: ReadText = readIfThere): number | undefined {
  const quotas: number[] = [];
  for (const line of (readText("/proc/self/cgroup") ?? "").split("\n")) {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (controllers === undefined || path === undefined) continue;
    const isV2 = controllers === "";
    if (!isV2 && !controllers.split(",").includes("cpu")) continue;
    for (const group of groupAndAbove(path)) {
      const quota = isV2
        ? quotaV2(readText(join(CGROUP_V2, group, "cpu.max")))
        : quotaV1(
            readText(join(CGROUP_V1_CPU, group, "cpu.cfs_quota_us")),
            readText(join(CGROUP_V1_CPU, group, "cpu.cfs_period_us")),
          );
      if (quota !== undefined) quotas.push(quota);
    }
  }
  return quotas.length > 0 ? Math.min(...quotas) : undefined;
}

/** `/a/b` → `/a/b`, `/a`, `/`. In a container the path may be the host's; the root is then what can be read. */
function groupAndAbove(path: string): string[] {
  const above = dirname(path);
  return above === path ? [path] : [path, ...groupAndAbove(above)];
}

/** `150000 100000`: 150 ms of every 100 ms; `max 100000`: all there is. */
function quotaV2(text: string | undefined): number | undefined {
  const [quotaUs, periodUs] = (text ?? "").trim().split(" ").map(Number);
  return quotaUs && periodUs ? quotaUs / periodUs : undefined;
}

/** −1 means no quota. */
function quotaV1(quotaText: string | undefined, periodText: string | undefined): number | undefined {
  const [quotaUs, periodUs] = [Number(quotaText), Number(periodText)];
  return quotaUs > 0 && periodUs > 0 ? quotaUs / periodUs : undefined;
}
