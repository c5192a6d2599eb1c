import type { Window } from "../core/audio.js";
import type { DecodeParams, WindowResult } from "../core/window.js";
/** One window of work as it crosses to the engine process: a range of a file, never the samples themselves. */
export interface WindowJob extends DecodeParams {
  jobId: number;
  spoolPath: string;
  window: Window;
}

/** What the engine says of the model it has loaded. */
export interface EngineFacts {
  modelType: string;
  multilingual: boolean;
  workers: number;
  threadsPerWorker: number;
  /** The CPU features and backends that ggml was built with. */
  systemInfo: string;
}

/** How an engine process is set up; travels as its one command-line argument, in JSON. */
export interface EngineSetup {
  modelPath: string;
  workers: number;
  threadsPerWorker: number;
}

/** Failures of a window that leave the engine alive. */
export type WindowFailure = "cancelled" | "engine_failed";

export type ToEngine = { type: "decode"; job: WindowJob } | { type: "cancel"; jobId: number };

export type FromEngine =
  | { type: "ready"; facts: EngineFacts }
  | { type: "load_failed"; reason: string }
  | { type: "done"; jobId: number; result: WindowResult }
  | { type: "failed"; jobId: number; failure: WindowFailure; reason: string };
