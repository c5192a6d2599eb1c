import { fastest, type VariantReport } from "./cpu-choice.js";
import { CPU_TIME_LIMIT_MS, probe } from "./probe.js";
import { judge } from "./probe-verdict.js";

/** What was found of our own kernels for one instruction set. */
export type KernelReport = Pick<VariantReport, "name" | "verdict">;

export interface KernelsChoice {
  /** undefined: none works, or the processor has none; ggml computes. */
  chosen: KernelReport | undefined;
  kernels: KernelReport[];
}

/** So many that pass are compared by their time. */
const COMPARED = 2;

/**
 * Chooses among our own kernels by trying, as `cpu-choice.ts` does among ggml's: each in a process of its own, its
 * encoding held against ggml's plainest.
 * @param cpuModule ggml's module for the CPU
 * @param plain that encoding
 */
export async function chooseKernels(
  cpuModule: string,
  plain: readonly number[],
  timeLimitMs = CPU_TIME_LIMIT_MS,
): Promise<KernelsChoice> {
  const end = await probe({ kind: "kernels", modules: [] }, timeLimitMs);
  const names = end.kind === "kernels" ? end.names : [];
  const kernels: KernelReport[] = names.map((name) => ({ name, verdict: { state: "untried" } }));
  for (const report of kernels) {
    if (kernels.filter(({ verdict }) => verdict.state === "passed").length === COMPARED) break;
    const task = { kind: "compute", modules: [cpuModule], wantsGpu: false, kernels: report.name } as const;
    report.verdict = judge(await probe(task, timeLimitMs), plain);
  }
  return { chosen: fastest(kernels), kernels };
}
