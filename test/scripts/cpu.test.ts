import assert from "node:assert/strict";
import { test } from "node:test";
import { setupModule } from "./checkout.js";

interface Cpu {
  model?: string;
  flags: string;
}

const { describeCpu, parseCpuInfo } = await setupModule<{
  describeCpu(): Cpu;
  parseCpuInfo(text: string): Cpu;
}>("cpu");

test("this machine's processor has a model, and on x86 its instruction sets", () => {
  const cpu = describeCpu();
  assert.ok(cpu.model);
  if (process.platform === "linux" && process.arch === "x64") assert.match(cpu.flags, /\bsse2\b/);
  assert.deepEqual(describeCpu(), cpu);
});

test("the flags of an x86 processor come sorted, so that another order is no difference", () => {
  const first = parseCpuInfo(
    "processor\t: 0\nmodel name\t: Any\nflags\t\t: sse2 avx\n\nprocessor\t: 1\nflags\t: none\n",
  );
  assert.deepEqual(first, { flags: "avx sse2" });
});

test("an ARM processor is told by its numbers", () => {
  const text = "processor\t: 0\nFeatures\t: fp asimd\nCPU implementer\t: 0x41\nCPU part\t: 0xd40\n";
  assert.deepEqual(parseCpuInfo(text), { model: "implementer 0x41 part 0xd40", flags: "asimd fp" });
});
