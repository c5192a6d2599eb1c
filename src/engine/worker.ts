import { closeSync, openSync, readSync } from "node:fs";
import { workerData } from "node:worker_threads";
import { BYTES_PER_SAMPLE } from "../core/audio.js";
import type { WindowResult } from "../core/window.js";
import { loadAddon, type NativeSession } from "./addon.js";
import { LoadedModel } from "./loaded-model.js";
import type { WindowJob } from "./protocol.js";
import { decodeWindow } from "./window-decoder.js";

/** What the host gives each worker thread. */
export interface WorkerSetup {
  modelId: number;
  threads: number;
}

/** A window with the word that cancels it: shared memory, since the thread is deaf to messages while it computes. */
export interface WorkerTask {
  job: WindowJob;
  cancel: Int32Array;
}

const { modelId, threads } = workerData as WorkerSetup;
const addon = loadAddon();
const model = new LoadedModel(addon, modelId);
let session: NativeSession | undefined;

/** Piscina's task: one window in, one result out, synchronous. */
export function decode({ job, cancel }: WorkerTask): WindowResult {
  session ??= addon.openSession(modelId, threads);
  const pcm = readSamples(job);
  try {
    return decodeWindow(session, model, pcm, job, cancel);
  } finally {
    session.clear();
  }
}

function readSamples({ spoolPath, window }: WindowJob): Int16Array {
  const pcm = new Int16Array(window.sampleCount);
  const file = openSync(spoolPath, "r");
  try {
    const bytes = readSync(file, pcm, 0, pcm.byteLength, window.firstSample * BYTES_PER_SAMPLE);
    if (bytes !== pcm.byteLength) throw new Error(`expected ${pcm.byteLength} bytes of audio, but ${bytes} came`);
  } finally {
    closeSync(file);
  }
  return pcm;
}
