import { workerData } from "node:worker_threads";
import { MIN_AUDIO_MS, SAMPLES_PER_MS, windowSampleCount } from "../core/audio.js";
import type { WindowResult } from "../core/window.js";
import { loadAddon, type NativeBatch, type NativeSession } from "./addon.js";
import { LoadedModel } from "./loaded-model.js";
import type { WindowJob } from "./protocol.js";
import { readStretches } from "./read-stretches.js";
import { decodeWindow } from "./window-decoder.js";

/** What the host gives each worker thread. */
export interface WorkerSetup {
  threads: number;
  shortWindows: boolean;
}

/** A window, the process's model, and the words shared with the main thread (`control-words.ts`). */
export interface WorkerTask {
  modelId: number;
  job: WindowJob;
  control: Int32Array;
}

export interface OpenTask {
  modelPath: string;
  device: string;
  batch?: NativeBatch;
}

export interface OpenedModel {
  /** In the addon. */
  modelId: number;
  /** It does not suit the batch: all of ggml's threads are there for one window at a time. */
  takesTurns: boolean;
}

const { threads, shortWindows } = workerData as WorkerSetup;
const addon = loadAddon();
let opened: { model: LoadedModel; session: NativeSession } | undefined;

/**
 * Piscina's first task: loads the model for all workers of the process. Not on the main thread, which must go on saying
 * that the process lives.
 */
export function open({ modelPath, device, batch }: OpenTask): OpenedModel {
  const modelId = addon.openModel(modelPath, device, batch);
  return { modelId, takesTurns: batch !== undefined && addon.modelFacts(modelId).batchWindows === 0 };
}

/** Piscina's task: one window in, one result out, synchronous. */
export function decode({ modelId, job, control }: WorkerTask): WindowResult {
  opened ??= { model: new LoadedModel(addon, modelId), session: addon.openSession(modelId, threads, shortWindows) };
  const { model, session } = opened;
  // The native side takes no less than this; what the window lacks of it is silence.
  const pcm = new Int16Array(Math.max(windowSampleCount(job.window), MIN_AUDIO_MS * SAMPLES_PER_MS));
  readStretches(job.place, job.window.stretches, pcm);
  try {
    return decodeWindow(session, model, pcm, job, control);
  } finally {
    session.clear();
  }
}
