import { Piscina } from "piscina";
import type { WindowResult } from "../core/window.js";
import { loadAddon } from "./addon.js";
import type { EngineSetup, FromEngine, ToEngine, WindowJob } from "./protocol.js";
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
  let modelId: number;
  try {
    modelId = loadAddon().openModel(setup.modelPath, false);
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
  await send({ type: "ready" });
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
    return { type: "failed", jobId, reason: reasonOf(error) };
  } finally {
    cancelWords.delete(jobId);
  }
}

/** The native side's code, where it has one, before its reason. */
function reasonOf(error: unknown): string {
  const { code, message } = error as { code?: string; message: string };
  return code === undefined ? message : `${code}: ${message}`;
}

function send(message: FromEngine): Promise<void> {
  return new Promise((resolve) => {
    if (process.send) process.send(message, () => resolve());
    else resolve();
  });
}

await main();
