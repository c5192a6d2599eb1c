import { describeCpu } from "./cpu.mjs";
import { Failure } from "./failure.mjs";

/**
 * ggml's kernels for the CPU come in variants, each a module of its own. Which ones there are, and with what compiler
 * flags, is upstream's (`ggml/src/CMakeLists.txt`, `ggml_add_cpu_backend_variant`); here is which of them to build in
 * place: the best of each tier that this processor has, and always the plain one, since what should work may not.
 *
 * @typedef {{ name: string, tier: string, needs: string[] }} CpuVariant
 *   `needs`: names in /proc/cpuinfo; the better variant of a tier comes first.
 */

const AVX2 = ["sse4_2", "f16c", "fma", "avx2", "bmi2"];
const AVX512 = [...AVX2, "avx512f", "avx512cd", "avx512vl", "avx512dq", "avx512bw"];

/** @type {Record<string, CpuVariant[]>} by `process.arch`, or platform and arch where they differ */
const VARIANTS = {
  x64: [
    {
      name: "sapphirerapids",
      tier: "amx",
      needs: [...AVX512, "avx512vbmi", "avx512_vnni", "avx512_bf16", "amx_tile", "amx_int8"],
    },
    { name: "zen4", tier: "avx512", needs: [...AVX512, "avx512vbmi", "avx512_vnni", "avx512_bf16"] },
    { name: "cooperlake", tier: "avx512", needs: [...AVX512, "avx512_vnni", "avx512_bf16"] },
    { name: "icelake", tier: "avx512", needs: [...AVX512, "avx512vbmi", "avx512_vnni"] },
    { name: "cascadelake", tier: "avx512", needs: [...AVX512, "avx512_vnni"] },
    { name: "cannonlake", tier: "avx512", needs: [...AVX512, "avx512vbmi"] },
    { name: "skylakex", tier: "avx512", needs: AVX512 },
    { name: "alderlake", tier: "avx2", needs: [...AVX2, "avx_vnni"] },
    { name: "haswell", tier: "avx2", needs: AVX2 },
    { name: "piledriver", tier: "avx", needs: ["sse4_2", "avx", "f16c", "fma"] },
    { name: "ivybridge", tier: "avx", needs: ["sse4_2", "avx", "f16c"] },
    { name: "sandybridge", tier: "avx", needs: ["sse4_2", "avx"] },
    { name: "sse42", tier: "sse", needs: ["sse4_2"] },
    { name: "x64", tier: "plain", needs: [] },
  ],
  arm64: [
    { name: "armv9.2_2", tier: "sme", needs: ["asimddp", "asimdhp", "sve", "i8mm", "sve2", "sme"] },
    { name: "armv9.2_1", tier: "sme", needs: ["asimddp", "asimdhp", "sve", "i8mm", "sme"] },
    { name: "armv8.6_2", tier: "sve", needs: ["asimddp", "asimdhp", "sve", "i8mm", "sve2"] },
    { name: "armv8.6_1", tier: "sve", needs: ["asimddp", "asimdhp", "sve", "i8mm"] },
    { name: "armv8.2_3", tier: "sve", needs: ["asimddp", "asimdhp", "sve"] },
    { name: "armv8.2_2", tier: "dotprod", needs: ["asimddp", "asimdhp"] },
    { name: "armv8.2_1", tier: "dotprod", needs: ["asimddp"] },
    { name: "armv8.0_1", tier: "plain", needs: [] },
  ],
  // Apple names its processors, not what they can do; ggml's own score decides between these when they are loaded.
  "darwin-arm64": [
    { name: "apple_m4", tier: "m4", needs: [] },
    { name: "apple_m2_m3", tier: "m2", needs: [] },
    { name: "apple_m1", tier: "plain", needs: [] },
  ],
};

/** Slower than the tier above by little: worth it only where nothing above fits. */
const ONLY_AS_THE_BEST = new Set(["avx", "sse"]);

/** Every variant for a kind of machine: what a published package carries. */
export function allVariants(platform = process.platform, arch = process.arch) {
  const variants = VARIANTS[`${platform}-${arch}`] ?? VARIANTS[arch];
  if (variants) return variants;
  const known = Object.keys(VARIANTS).join(", ");
  throw new Failure(`Expected one of the architectures ${known}, came ${arch}: ggml has no variants for it.`);
}

/**
 * Names of the variants to build for a processor: the best of each tier that it has, and the plain one.
 * @param {string} flags as /proc/cpuinfo has them
 * @param {CpuVariant[]} [variants]
 */
export function variantsFor(flags = describeCpu().flags, variants = allVariants()) {
  const has = new Set(flags.toLowerCase().replaceAll(".", "_").split(/\s+/));
  /** @type {CpuVariant[]} */
  const chosen = [];
  for (const variant of variants) {
    if (!variant.needs.every((flag) => has.has(flag))) continue;
    if (chosen.some(({ tier }) => tier === variant.tier)) continue;
    if (chosen.length > 0 && ONLY_AS_THE_BEST.has(variant.tier)) continue;
    chosen.push(variant);
  }
  return chosen.map(({ name }) => name);
}
