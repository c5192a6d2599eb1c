import { closeSync, openSync, readSync } from "node:fs";
import { workerData } from "node:worker_threads";
import { BYTES_PER_SAMPLE, MIN_AUDIO_MS, SAMPLES_PER_MS, windowSampleCount } from "../core/audio.js";
import type { WindowResult } from "../core/window.js";
import { loadAddon, type NativeSession } from "./addon.js";
import { LoadedModel } from "./loaded-model.js";
import type { WindowJob } from "./protocol.js";
import { decodeWindow } from "./window-decoder.js";

/** What the host gives each worker thread. */
export interface WorkerSetup {
  threads: number;
}

/** A window, the process's model, and the words shared with the main thread (`control-words.ts`). */
export interface WorkerTask {
  modelId: number;
  job: WindowJob;
  control: Int32Array;
}

const { threads } = workerData as WorkerSetup;
const addon = loadAddon();
let opened: { model: LoadedModel; session: NativeSession } | undefined;

/**
 * Piscina's first task: loads the model for all workers of the process. Not on the main thread, which must go on saying
 * that the process lives.
 * @returns the model's id in the addon
 */
export function open({ modelPath, device }: { modelPath: string; device: string }): number {
  return addon.openModel(modelPath, device);
}

/** Piscina's task: one window in, one result out, synchronous. */
export function decode({ modelId, job, control }: WorkerTask): WindowResult {
  opened ??= { model: new LoadedModel(addon, modelId), session: addon.openSession(modelId, threads) };
  const { model, session } = opened;
  const pcm = readSamples(job);
  try {
    return decodeWindow(session, model, pcm, job, control);
  } finally {
    session.clear();
  }
}

function readSamples({ spoolPath, window }: WindowJob): Int16Array {
  // The native side takes no less; what the window lacks is silence.
  const pcm = new Int16Array(Math.max(windowSampleCount(window), MIN_AUDIO_MS * SAMPLES_PER_MS));
  const file = openSync(spoolPath, "r");
  let at = 0;
  try {
    for (const { firstSample, sampleCount } of window.stretches) {
      const part = pcm.subarray(at, at + sampleCount);
      const bytes = readSync(file, part, 0, part.byteLength, firstSample * BYTES_PER_SAMPLE);
      if (bytes !== part.byteLength) throw new Error(`expected ${part.byteLength} bytes of audio, but ${bytes} came`);
      at += sampleCount;
    }
  } finally {
    closeSync(file);
  }
  return pcm;
}
