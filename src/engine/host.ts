import { Piscina } from "piscina";
import type { WindowResult } from "../core/window.js";
import { type Addon, loadAddon, NATIVE_CODES, type NativeCode } from "./addon.js";
import { LoadedModel } from "./loaded-model.js";
import type { EngineFacts, EngineSetup, FromEngine, ToEngine, WindowFailure, WindowJob } from "./protocol.js";
import type { WorkerSetup, WorkerTask } from "./worker.js";

/** V8's default of 4 MiB is also the real stack of the thread, and ggml's graphs go deep. */
const WORKER_STACK_MB = 16;

/**
 * The engine process: one model, one pool of worker threads. It is a process of its own because native code that aborts
 * takes its whole process with it; the server then starts another and tries the windows again.
 */
async function main(): Promise<void> {
  const setup = JSON.parse(process.argv[2] ?? "") as EngineSetup;
  // The server is gone: so is the work.
  process.on("disconnect", () => process.exit(0));
  // A terminal's Ctrl-C reaches the whole group; the server decides when its engines end.
  for (const signal of ["SIGINT", "SIGHUP", "SIGTERM"] as const) process.on(signal, () => {});

  // Here first, on the main thread: ggml's registries are filled without a lock.
  let addon: Addon;
  let modelId: number;
  try {
    addon = loadAddon();
    modelId = addon.openModel(setup.modelPath, false);
  } catch (error) {
    await send({ type: "load_failed", reason: (error as Error).message });
    process.exit(1);
  }

  const pool = new Piscina<WorkerTask, WindowResult>({
    filename: new URL("./worker.js", import.meta.url).href,
    name: "decode",
    minThreads: setup.workers,
    maxThreads: setup.workers,
    idleTimeout: Number.POSITIVE_INFINITY,
    resourceLimits: { stackSizeMb: WORKER_STACK_MB },
    workerData: { modelId, threads: setup.threadsPerWorker } satisfies WorkerSetup,
  });
  const cancelWords = new Map<number, Int32Array>();

  process.on("message", (message: ToEngine) => {
    switch (message.type) {
      case "decode":
        void decode(pool, message.job, cancelWords).then(send);
        break;
      case "cancel": {
        const word = cancelWords.get(message.jobId);
        if (word) Atomics.store(word, 0, 1);
        break;
      }
    }
  });
  await send({ type: "ready", facts: describe(addon, modelId, setup) });
}

async function decode(
  pool: Piscina<WorkerTask, WindowResult>,
  job: WindowJob,
  cancelWords: Map<number, Int32Array>,
): Promise<FromEngine> {
  const { jobId } = job;
  const cancel = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  cancelWords.set(jobId, cancel);
  try {
    return { type: "done", jobId, result: await pool.run({ job, cancel }) };
  } catch (error) {
    return { type: "failed", jobId, failure: failureOf(error), reason: (error as Error).message };
  } finally {
    cancelWords.delete(jobId);
  }
}

const FAILURES: Record<NativeCode, WindowFailure> = {
  cancelled: "cancelled",
  invalid_argument: "engine_failed",
  load_failed: "engine_failed",
  out_of_memory: "engine_failed",
  compute_failed: "engine_failed",
};

function failureOf(error: unknown): WindowFailure {
  const code = (error as { code?: unknown }).code;
  return NATIVE_CODES.includes(code as NativeCode) ? FAILURES[code as NativeCode] : "engine_failed";
}

function describe(addon: Addon, modelId: number, setup: EngineSetup): EngineFacts {
  const model = new LoadedModel(addon, modelId);
  return {
    modelType: model.type,
    multilingual: model.facts.multilingual,
    workers: setup.workers,
    threadsPerWorker: setup.threadsPerWorker,
    systemInfo: addon.systemInfo(),
  };
}

function send(message: FromEngine): Promise<void> {
  return new Promise((resolve) => {
    if (process.send) process.send(message, () => resolve());
    else resolve();
  });
}

await main();
