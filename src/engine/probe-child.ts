import { join } from "node:path";
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { packageRoot } from "../core/package-root.js";
import { type Addon, loadAddon } from "./addon.js";
import { decodesTogether } from "./backend.js";
import { newControlWords } from "./control-words.js";
import type { ProbeFindings, ProbeTask } from "./probe.js";

/** Small, and of the types that products are probed with; it lies beside the code. */
const PROBE_MODEL = "ggml-sotto-mini.bin";
const SAMPLES_PER_SECOND = 16_000;
const ENCODING_SAMPLES = 512;
/** One thread: what is asked is whether kernels are right, and how they compare. */
const THREADS = 1;
/** As many as show that a device takes a batch. */
const WINDOWS = 2;

/** As the engine's workers have it. */
const STACK_MB = 16;

/**
 * The program of a probe, in a process of its own: kernels for another processor, miscompiled ones and broken drivers end
 * the process that meets them. Asked through its argument, in JSON; answers with one message.
 *
 * Native code runs in a worker: when it hangs and the server ends, the main thread is free to see that and end too.
 */
if (isMainThread) {
  const end = () => process.kill(process.pid, "SIGKILL"); // no destructor of a driver is waited for
  process.on("disconnect", end);
  const answer = (findings: ProbeFindings) => process.send?.(findings, end);
  const worker = new Worker(new URL(import.meta.url), {
    argv: process.argv.slice(2),
    resourceLimits: { stackSizeMb: STACK_MB },
  });
  worker.once("message", answer);
  worker.once("error", (error) => answer({ kind: "failed", reason: error.message }));
} else {
  parentPort?.postMessage(find(JSON.parse(process.argv[2] ?? "") as ProbeTask));
}

function find(task: ProbeTask): ProbeFindings {
  const addon = loadAddon();
  if (task.kind === "score") return { kind: "score", score: addon.backendScore(task.modules[0] ?? "") };
  if (task.kind === "kernels") return { kind: "kernels", names: addon.kernelNames() };
  for (const path of task.modules) addon.loadBackend(path);
  return compute(addon, task);
}

function compute(addon: Addon, { wantsGpu, kernels }: Extract<ProbeTask, { kind: "compute" }>): ProbeFindings {
  const device = wantsGpu ? addon.devices().find(({ isGpu }) => isGpu) : undefined;
  if (wantsGpu && !device) return { kind: "failed", reason: "it found no device" };
  const name = device?.name ?? "";
  const products = kernels === undefined ? addon.probeProducts(name, THREADS) : addon.probeKernels(kernels);
  const isTogether = decodesTogether({ kernels, device: device?.name });
  const batch = { kernels: kernels ?? "", threads: THREADS, windows: WINDOWS };
  const modelId = addon.openModel(join(packageRoot(), "models", PROBE_MODEL), name, isTogether ? batch : undefined);
  if (isTogether && addon.modelFacts(modelId).batchWindows === 0) {
    return { kind: "failed", reason: "it does not take the demonstration model" };
  }
  const session = addon.openSession(modelId, THREADS);
  const go = newControlWords();
  session.setAudio(chirp(), go);
  session.encode(0, go);
  const encoding = [...session.sampleEncoding(ENCODING_SAMPLES)];
  // A step of the decoder, which only has to come to its end, and in numbers.
  session.detect(go);
  return { kind: "computed", device, products, encoding };
}

/** Two seconds of a tone that rises through the range of speech. */
function chirp(): Int16Array {
  return Int16Array.from({ length: 2 * SAMPLES_PER_SECOND }, (_, i) => {
    const sec = i / SAMPLES_PER_SECOND;
    return 8000 * Math.sin(2 * Math.PI * (200 + 600 * sec) * sec);
  });
}
