import { join } from "node:path";
import { packageRoot } from "../core/package-root.js";
import { type Addon, loadAddon } from "./addon.js";
import { newControlWords } from "./control-words.js";
import type { ProbeFindings, ProbeTask } from "./probe.js";

/** Small, and of the types that products are probed with; it lies beside the code. */
const PROBE_MODEL = "ggml-sotto-mini.bin";
const SAMPLES_PER_SECOND = 16_000;
const ENCODING_SAMPLES = 512;
/** One thread: what is asked is whether kernels are right, and how they compare. */
const THREADS = 1;

/**
 * The program of a probe, in a process of its own: kernels for another processor, miscompiled ones and broken drivers end
 * the process that meets them. Asked through its argument, in JSON; answers with one message.
 */
const task = JSON.parse(process.argv[2] ?? "") as ProbeTask;
process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));
const answer = (findings: ProbeFindings) =>
  process.send?.(findings, () => {
    process.exit(0);
  });

try {
  const addon = loadAddon();
  const [first] = task.modules;
  if (task.kind === "score") {
    answer({ kind: "score", score: addon.backendScore(first ?? "") });
  } else {
    for (const path of task.modules) addon.loadBackend(path);
    answer(compute(addon, task.wantsGpu));
  }
} catch (error) {
  answer({ kind: "failed", reason: (error as Error).message });
}

function compute(addon: Addon, wantsGpu: boolean): ProbeFindings {
  const device = wantsGpu ? addon.devices().find(({ isGpu }) => isGpu) : undefined;
  if (wantsGpu && !device) return { kind: "failed", reason: "it found no device" };
  const name = device?.name ?? "";
  const products = addon.probeProducts(name, THREADS);
  const modelId = addon.openModel(join(packageRoot(), "models", PROBE_MODEL), name);
  const session = addon.openSession(modelId, THREADS);
  const go = newControlWords();
  session.setAudio(chirp(), go);
  session.encode(0, go);
  return { kind: "computed", device, products, encoding: [...session.sampleEncoding(ENCODING_SAMPLES)] };
}

/** Two seconds of a tone that rises through the range of speech. */
function chirp(): Int16Array {
  return Int16Array.from({ length: 2 * SAMPLES_PER_SECOND }, (_, i) => {
    const sec = i / SAMPLES_PER_SECOND;
    return 8000 * Math.sin(2 * Math.PI * (200 + 600 * sec) * sec);
  });
}
