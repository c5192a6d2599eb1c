import { statSync } from "node:fs";
import { Piscina } from "piscina";
import { fileStamp } from "../core/file-stamp.js";
import type { WindowResult } from "../core/window.js";
import { loadAddon } from "./addon.js";
import { decodesTogether, modulesOf } from "./backend.js";
import { cancel, newControlWords, stepsOf } from "./control-words.js";
import type { EngineSetup, FromEngine, ToEngine, WindowJob } from "./protocol.js";
import { Quarantine } from "./quarantine.js";
import { PULSE_MS } from "./watch.js";
import type { OpenedModel, OpenTask, WorkerSetup, WorkerTask } from "./worker.js";

/** V8's default of 4 MiB is also the real stack of the thread, and ggml's graphs go deep. */
const WORKER_STACK_MB = 16;

/** A worker of a batch that had no window for so long ends, and with it its heap. */
const IDLE_WORKER_MS = 60_000;

/**
 * The engine process: one model, one pool of worker threads. It is a process of its own because native code that aborts
 * takes its whole process with it; the server then starts another and tries the windows again.
 */
async function main(): Promise<void> {
  const setup = JSON.parse(process.argv[2] ?? "") as EngineSetup;
  // The server is gone, or wants the memory back: so is the work. `process.exit` would wait for threads that compute.
  process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));
  // A terminal's Ctrl-C reaches the whole group; the server decides when its engines end.
  for (const signal of ["SIGINT", "SIGHUP", "SIGTERM"] as const) process.on(signal, () => {});

  const running = new Map<number, Int32Array>();
  setInterval(() => {
    const steps = [...running].map(([jobId, control]) => [jobId, stepsOf(control)] as const);
    void send({ type: "pulse", residentBytes: process.memoryUsage.rss(), steps });
  }, PULSE_MS);

  let pool: Piscina;
  let model: OpenedModel;
  try {
    // Here first, on the main thread: ggml's registries are filled without a lock.
    const addon = loadAddon();
    addon.endOnSignalsFromOutside();
    for (const module of modulesOf(setup.backend)) addon.loadBackend(module);
    pool = openPool(setup);
    model = await openModel(pool, setup);
  } catch (error) {
    await send({ type: "load_failed", reason: (error as Error).message });
    process.exit(1);
  }

  const { modelId, takesTurns } = model;
  const turns = new Quarantine();
  const compute = (task: WorkerTask): Promise<WindowResult> => {
    const run = () => pool.run(task, { name: "decode" });
    return takesTurns ? turns.alone(run) : run();
  };
  process.on("message", (message: ToEngine) => {
    switch (message.type) {
      case "decode":
        void decode(compute, modelId, message.job, running).then(send);
        break;
      case "cancel": {
        const control = running.get(message.jobId);
        if (control) cancel(control);
        break;
      }
    }
  });
  await send({ type: "ready" });
}

function openPool({ workers, threadsPerWorker, backend }: EngineSetup): Piscina {
  // Those of a batch are many and only wait; they come and go with the load.
  const grows = decodesTogether(backend);
  return new Piscina({
    filename: new URL("./worker.js", import.meta.url).href,
    minThreads: grows ? 1 : workers,
    maxThreads: workers,
    idleTimeout: grows ? IDLE_WORKER_MS : Number.POSITIVE_INFINITY,
    resourceLimits: { stackSizeMb: WORKER_STACK_MB },
    workerData: { threads: threadsPerWorker, shortWindows: backend.shortWindows === true } satisfies WorkerSetup,
  });
}

/** The file was walked before; between that and its opening somebody may have put another one in its place. */
async function openModel(
  pool: Piscina,
  { modelPath, modelStamp, backend, workers, threadsPerWorker }: EngineSetup,
): Promise<OpenedModel> {
  const demandUnchanged = () => {
    if (fileStamp(statSync(modelPath)) !== modelStamp) throw new Error("the model's file changed while it was loaded");
  };
  demandUnchanged();
  const batch = { kernels: backend.kernels ?? "", threads: threadsPerWorker, windows: workers };
  const task: OpenTask = {
    modelPath,
    device: backend.device ?? "",
    ...(decodesTogether(backend) ? { batch } : {}),
  };
  const opened: OpenedModel = await pool.run(task, { name: "open" });
  demandUnchanged();
  return opened;
}

async function decode(
  compute: (task: WorkerTask) => Promise<WindowResult>,
  modelId: number,
  job: WindowJob,
  running: Map<number, Int32Array>,
): Promise<FromEngine> {
  const { jobId } = job;
  const control = newControlWords();
  running.set(jobId, control);
  try {
    return { type: "done", jobId, result: await compute({ modelId, job, control }) };
  } catch (error) {
    return { type: "failed", jobId, reason: reasonOf(error) };
  } finally {
    running.delete(jobId);
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
