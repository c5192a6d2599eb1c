import assert from "node:assert/strict";
import { test } from "node:test";
import { fastest, type VariantReport } from "../../src/engine/cpu-choice.js";

const passed = (name: string, score: number, wideMs: number, narrowMs: number): VariantReport => ({
  name,
  path: `/${name}`,
  score,
  verdict: { state: "passed", wideMs, narrowMs, encoding: [] },
});
const plain = passed("x64", 1, 36, 0.36);
const avx512 = passed("icelake", 1500, 1.23, 0.03);

test("AMX that gains on wide products less than it loses on narrow ones is not taken for its score", () => {
  // As measured with q8_0: a window encoded 1.42 times as fast, tokens 1.9 times as slow, 14 % more in all.
  const amx = passed("sapphirerapids", 4000, 1.23 / 1.42, 0.03 * 1.9);
  assert.equal(fastest([amx, avx512, plain])?.name, "icelake");
});

test("AMX that loses nothing on narrow products is taken", () => {
  assert.equal(fastest([passed("sapphirerapids", 4000, 1.23 / 1.42, 0.03), avx512, plain])?.name, "sapphirerapids");
});

test("where times are as good as equal the score decides", () => {
  assert.equal(fastest([avx512, passed("alderlake", 128, 1.22, 0.0295), plain])?.name, "icelake");
});

test("what did not pass is never the fastest", () => {
  const ill: VariantReport = { ...avx512, verdict: { state: "rejected", reason: "it hung" } };
  assert.equal(fastest([ill, plain])?.name, "x64");
  assert.equal(fastest([ill]), undefined);
});
