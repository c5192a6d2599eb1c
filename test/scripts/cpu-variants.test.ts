import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { packageRoot } from "../../src/core/package-root.js";
import { setupModule } from "./checkout.js";

interface CpuVariant {
  name: string;
  tier: string;
  needs: string[];
}

const { allVariants, variantsFor } = await setupModule<{
  allVariants(platform?: string, arch?: string): CpuVariant[];
  variantsFor(flags?: string, variants?: CpuVariant[]): string[];
}>("cpu-variants");

const HASWELL = "sse4_2 avx f16c fma avx2 bmi2";
const ZEN4 = `${HASWELL} avx512f avx512cd avx512vl avx512dq avx512bw avx512vbmi avx512_vnni avx512_bf16`;
const x64 = allVariants("linux", "x64");
const arm64 = allVariants("linux", "arm64");

test("the best variant of each tier that the processor has is built, and always the plain one below", () => {
  assert.deepEqual(variantsFor("", x64), ["x64"]);
  assert.deepEqual(variantsFor("sse4_2 avx", x64), ["sandybridge", "x64"]);
  assert.deepEqual(variantsFor(HASWELL, x64), ["haswell", "x64"]);
  assert.deepEqual(variantsFor(`${HASWELL} avx_vnni`, x64), ["alderlake", "x64"]);
  assert.deepEqual(variantsFor(ZEN4, x64), ["zen4", "haswell", "x64"]);
  assert.deepEqual(variantsFor(`${ZEN4} avx_vnni amx_tile amx_int8`, x64), [
    "sapphirerapids",
    "zen4",
    "alderlake",
    "x64",
  ]);
  assert.deepEqual(variantsFor("asimd asimddp asimdhp", arm64), ["armv8.2_2", "armv8.0_1"]);
});

test("never one alone: this machine has something to fall back on", () => {
  const names = variantsFor();
  assert.ok(names.length >= 1);
  if (process.arch === "x64") assert.equal(names.at(-1), "x64");
});

test("every variant is one that ggml has for Linux on x86, with the flags that it is compiled with", () => {
  const source = join(packageRoot(), "node_modules/nodejs-whisper/cpp/whisper.cpp/ggml/src/CMakeLists.txt");
  const text = readFileSync(source, "utf8");
  const upstream = [...text.matchAll(/ggml_add_cpu_backend_variant\(([^\s)]+)([A-Z0-9_ ]*)\)/g)];
  const flagsOf = new Map(upstream.map(([, name, flags]) => [name, flags?.split(/\s+/).filter(Boolean) ?? []]));
  assert.ok(flagsOf.size > 20);
  /** CMake's names of features and the kernel's of the same. */
  const kernelName: Record<string, string[]> = {
    SSE42: ["sse4_2"],
    AVX: ["avx", "avx2"],
    AVX512: ["avx512f"],
    AVX512_VBMI: ["avx512vbmi"],
    DOTPROD: ["asimddp"],
    FP16_VECTOR_ARITHMETIC: ["asimdhp"],
    MATMUL_INT8: ["i8mm"],
  };
  for (const { name, needs } of [...x64, ...arm64]) {
    const flags = flagsOf.get(name);
    assert.ok(flags, name);
    for (const flag of flags) {
      const names = kernelName[flag] ?? [flag.toLowerCase()];
      assert.ok(
        names.some((kernel) => needs.includes(kernel)),
        `${name} is compiled with ${flag}`,
      );
    }
  }
});
