import type { BackendModule } from "./modules.js";
import { GPU_TIME_LIMIT_MS, probe } from "./probe.js";
import { judge, type Verdict } from "./probe-verdict.js";

/** What was found of one GPU backend. */
export interface GpuReport {
  name: string;
  path: string;
  verdict: Verdict;
}

/**
 * Tries GPU backends in the order given until one has a device that computes what the CPU does.
 * @param cpu the chosen variant for the CPU, which runs beside it
 * @param plain the CPU's encoding
 */
export async function chooseGpu(
  modules: readonly BackendModule[],
  cpu: { path: string },
  plain: readonly number[],
  timeLimitMs = GPU_TIME_LIMIT_MS,
): Promise<GpuReport[]> {
  const reports: GpuReport[] = modules.map((module) => ({ ...module, verdict: { state: "untried" } }));
  for (const report of reports) {
    const task = { kind: "compute", modules: [cpu.path, report.path], wantsGpu: true } as const;
    report.verdict = judge(await probe(task, timeLimitMs), plain);
    if (report.verdict.state === "passed") break;
  }
  return reports;
}
