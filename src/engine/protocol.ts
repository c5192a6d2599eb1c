import type { SpoolPlace, Window } from "../core/audio.js";
import type { DecodeParams, WindowResult } from "../core/window.js";
import type { EngineBackend } from "./backend.js";
import type { Steps } from "./watch.js";

/** One window of work as it crosses to the engine process: a range of a file, never the samples themselves. */
export interface WindowJob extends DecodeParams {
  jobId: number;
  place: SpoolPlace;
  window: Window;
}

/** How an engine process is set up; travels as its one command-line argument, in JSON. */
export interface EngineSetup {
  modelPath: string;
  /** Of the file that was walked and found right (`core/file-stamp`): another one is not opened. */
  modelStamp: string;
  /** Windows at once, and threads: `CoreShare`. */
  workers: number;
  threadsPerWorker: number;
  backend: EngineBackend;
}

export type ToEngine = { type: "decode"; job: WindowJob } | { type: "cancel"; jobId: number };

export type FromEngine =
  | { type: "ready" }
  | { type: "load_failed"; reason: string }
  /** Sent every `PULSE_MS` by the main thread, which never computes. */
  | { type: "pulse"; residentBytes: number; steps: Steps }
  | { type: "done"; jobId: number; result: WindowResult }
  | { type: "failed"; jobId: number; reason: string };
