import type { BackendModule } from "./modules.js";
import { CPU_TIME_LIMIT_MS, probe } from "./probe.js";
import { judge, type Verdict } from "./probe-verdict.js";

/** What was found of one CPU variant. */
export interface VariantReport {
  name: string;
  path: string;
  /** ggml's opinion of how well it suits the processor; 0: not at all. */
  score: number;
  verdict: Verdict;
}

export interface CpuChoice {
  /** undefined: none works. */
  chosen: VariantReport | undefined;
  variants: VariantReport[];
}

/** Of those better than the plainest, as many as pass are compared by their time. */
const COMPARED = 2;
/**
 * Probed narrow products for each probed wide one that make up a window. Two thirds of a window's time are the encoder's
 * wide products, one third the decoder's narrow ones, with the AVX-512 kernels that take 40 times as long for the former.
 */
const NARROW_PER_WIDE = 20;
/** Below that, times are noise and the score decides. */
const CLEARLY_FASTER = 0.95;

/**
 * Chooses the fastest CPU variant that works, by trying: the plainest first, whose encoding the others must match, then
 * the others from the best score down. A score says what instructions the processor claims to have, not that the
 * kernels are right: a miscompiled one dies or lies only when it computes. Nor that they are faster: ggml's use of AMX
 * gains on wide products and loses on narrow ones.
 */
export async function chooseCpu(
  modules: readonly BackendModule[],
  timeLimitMs = CPU_TIME_LIMIT_MS,
): Promise<CpuChoice> {
  const variants = await Promise.all(modules.map((module) => score(module, timeLimitMs)));
  variants.sort((a, b) => b.score - a.score);
  const candidates = variants.filter(({ verdict }) => verdict.state === "untried");
  // From the plainest up, until one passes.
  let plain: number[] | undefined;
  while (!plain && candidates.length > 0) {
    const plainest = candidates.pop() as VariantReport;
    plainest.verdict = await compute(plainest, undefined, timeLimitMs);
    if (plainest.verdict.state === "passed") plain = plainest.verdict.encoding;
  }
  for (const candidate of candidates) {
    const better = variants.filter(({ verdict }) => verdict.state === "passed").length - 1;
    if (better === COMPARED) break;
    candidate.verdict = await compute(candidate, plain, timeLimitMs);
  }
  return { chosen: fastest(variants), variants };
}

async function score(module: BackendModule, timeLimitMs: number): Promise<VariantReport> {
  const end = await probe({ kind: "score", modules: [module.path] }, timeLimitMs);
  if (end.kind !== "score") return { ...module, score: 0, verdict: judge(end, undefined) };
  return { ...module, score: end.score, verdict: { state: end.score > 0 ? "untried" : "unsupported" } };
}

async function compute({ path }: VariantReport, plain: readonly number[] | undefined, timeLimitMs: number) {
  return judge(await probe({ kind: "compute", modules: [path], wantsGpu: false }, timeLimitMs), plain);
}

/** The one with which a window takes the least time. @param variants the best score first */
export function fastest(variants: readonly VariantReport[]): VariantReport | undefined {
  let best: VariantReport | undefined;
  for (const variant of variants) {
    if (variant.verdict.state !== "passed") continue;
    if (!best || windowMs(variant) < CLEARLY_FASTER * windowMs(best)) best = variant;
  }
  return best;
}

/** In proportion. A sum of times, not of ratios: those favour whichever is the base. */
function windowMs({ verdict }: VariantReport): number {
  return verdict.state === "passed" ? verdict.wideMs + NARROW_PER_WIDE * verdict.narrowMs : Number.POSITIVE_INFINITY;
}
