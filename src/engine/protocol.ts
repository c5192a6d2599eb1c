import type { Window } from "../core/audio.js";
import type { DecodeParams, WindowResult } from "../core/window.js";
/** One window of work as it crosses to the engine process: a range of a file, never the samples themselves. */
export interface WindowJob extends DecodeParams {
  jobId: number;
  spoolPath: string;
  window: Window;
}

/** How an engine process is set up; travels as its one command-line argument, in JSON. */
export interface EngineSetup {
  modelPath: string;
  workers: number;
  threadsPerWorker: number;
}

export type ToEngine = { type: "decode"; job: WindowJob } | { type: "cancel"; jobId: number };

export type FromEngine =
  | { type: "ready" }
  | { type: "load_failed"; reason: string }
  | { type: "done"; jobId: number; result: WindowResult }
  | { type: "failed"; jobId: number; reason: string };
