import type { KernelMemory } from "../catalog/kernel-memory.js";
import { BYTES_PER_MIB } from "../core/memory.js";
import type { EngineBackend } from "./backend.js";

/** Node, the addon and a thread's heap in the engine process. */
const PROCESS_BYTES = 90 * BYTES_PER_MIB;
const WORKER_BYTES = 12 * BYTES_PER_MIB;
/** Caches of all windows of a batch: where that is not enough for each worker's, some wait. As in `kernel_model.cpp`. */
const BATCH_BYTES = 1024 * BYTES_PER_MIB;

/** What an engine's memory depends on. */
export interface ModelMemory {
  /** Of its file. */
  bytes: number;
  /** Of one worker's session by ggml, beside the weights. */
  sessionBytes: number;
  /** Of each window that a GPU decodes together with others. */
  batchedWindowBytes: number;
  /** By our own kernels; undefined: the model does not suit them. */
  kernelMemory?: KernelMemory | undefined;
}

/** Windows that our own kernels decode at once. */
export function batchWindows({ slotBytes }: Pick<KernelMemory, "slotBytes">, workers: number): number {
  return Math.min(workers, Math.max(1, Math.floor(BATCH_BYTES / slotBytes)));
}

/** Memory of a model's weights, and of each worker beside them. */
export function modelMemory(
  { bytes, sessionBytes, batchedWindowBytes, kernelMemory }: ModelMemory,
  workers: number,
  { kernels, device }: Pick<EngineBackend, "kernels" | "device">,
): { weightBytes: number; workerBytes: number } {
  // Some GPUs share the memory of the machine, and all weights pass through it.
  if (device !== undefined) return { weightBytes: bytes + sessionBytes, workerBytes: batchedWindowBytes };
  if (kernels === undefined) return { weightBytes: bytes, workerBytes: sessionBytes };
  // ggml computes it, one window after another: `host.ts`.
  if (!kernelMemory) return { weightBytes: bytes, workerBytes: sessionBytes / workers };
  const slots = batchWindows(kernelMemory, workers) * kernelMemory.slotBytes;
  return { weightBytes: kernelMemory.sharedBytes, workerBytes: kernelMemory.sessionBytes + slots / workers };
}

/** What an engine process will take at most: weights, the sessions of its workers, and the process itself. */
export function engineBytes(
  model: ModelMemory,
  workers: number,
  backend: Pick<EngineBackend, "kernels" | "device">,
): number {
  const { weightBytes, workerBytes } = modelMemory(model, workers, backend);
  return PROCESS_BYTES + weightBytes + workers * (workerBytes + WORKER_BYTES);
}

/** More than this is a leak, not need. */
export function residentCeilingBytes(expectedBytes: number): number {
  return 1.5 * expectedBytes + 256 * BYTES_PER_MIB;
}
