import type { SpoolPlace } from "../core/audio.js";

/** How the process that finds speech is set up; travels as its one command-line argument, in JSON. */
export interface SpeechSetup {
  modelPath: string;
  /** Of the file that was walked and found right (`core/file-stamp`): another one is not opened. */
  modelStamp: string;
  /** ggml's module for the CPU. */
  cpuModule: string;
}

/** A piece of a recording to be judged: a range of a file, never the samples themselves. */
export interface SpeechJob {
  place: SpoolPlace;
  firstSample: number;
  /** 1 to 960,000. */
  sampleCount: number;
  /** What the piece before left; empty for the first. */
  state: Float32Array;
}

export interface SpeechFindings {
  /** Of each frame of 512 samples. */
  probabilities: Float32Array;
  /** For the piece after it. */
  state: Float32Array;
  computeMs: number;
}

export type ToSpeech = { jobId: number; job: SpeechJob };
export type FromSpeech = { jobId: number; residentBytes: number } & ({ findings: SpeechFindings } | { reason: string });
