import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { packageRoot } from "../core/package-root.js";

/** What the native side throws: `code` is one of these. */
export const NATIVE_CODES = [
  "cancelled",
  "invalid_argument",
  "load_failed",
  "out_of_memory",
  "compute_failed",
] as const;
export type NativeCode = (typeof NATIVE_CODES)[number];

/** Facts and token ids of an open model. */
export interface NativeModelFacts {
  vocabSize: number;
  /** Positions of the encoder, 20 ms each: 1500 in every real model. */
  audioContext: number;
  audioLayers: number;
  textLayers: number;
  /** Decoder positions: prompt and transcript together. */
  textContext: number;
  multilingual: boolean;
  languageCount: number;
  endOfText: number;
  startOfTranscript: number;
  translate: number;
  transcribe: number;
  startOfPrev: number;
  noTimestamps: number;
  timestampBegin: number;
  /** Windows decoded at once; 0: each session is for itself. */
  batchWindows: number;
}

/** Windows of all sessions are decoded together. */
export interface NativeBatch {
  /** One of `kernelNames()`; empty: ggml computes, on a GPU or the CPU. */
  kernels: string;
  /** Shared by all windows. */
  threads: number;
  /** Decoded at once, 1..256; fewer where their memory would be too much. */
  windows: number;
}

export interface NativeDecodeOptions {
  /** 0: greedy; up to 1: sampled. */
  temperature: number;
  /** Sequences to sample, 1..8; the one with the best mean log-probability is kept. */
  candidates: number;
  seed: number;
  maxTokens: number;
  timestamps: boolean;
  /** Largest first timestamp, in steps of 20 ms. */
  maxInitialTimestamp: number;
}

export interface NativeDecoded {
  /** Without end of text. */
  ids: Int32Array;
  /** Natural logarithms, one per id. */
  logprobs: Float32Array;
  /** false: cut at `maxTokens`. */
  ended: boolean;
  endLogprob: number;
}

/**
 * The caches of one decoding, for the thread that opened it. `cancel` is
 * `control-words.ts`: its first word set to non-zero by another thread makes a call throw `cancelled`. Every call is synchronous.
 */
export interface NativeSession {
  /** Takes 1,600 to 480,000 samples at 16 kHz and computes their log-mel spectrogram. */
  setAudio(pcm: Int16Array, cancel: Int32Array): void;
  /** Encodes the 30 s from a frame (10 ms) on, or with short windows what of them has sound. */
  encode(offsetFrames: number, cancel: Int32Array): void;
  /** `languages`: probabilities in the order of `core/languages`; empty for a model of English only. */
  detect(cancel: Int32Array): { noSpeechProb: number; languages: Float32Array };
  decode(prompt: Int32Array, options: NativeDecodeOptions, cancel: Int32Array): NativeDecoded;
  /**
   * Where the decoder looks while it says `tokens` (start of transcript, task, text, end of text): for each token from
   * `first` on a row of `positions` values, 20 ms each from the encoded offset on. Row i is what token i looks at while it
   * predicts the next one; larger is likelier.
   */
  align(tokens: Int32Array, first: number, positions: number, cancel: Int32Array): Float32Array;
  /** `count` values spread over what the decoder would attend to. */
  sampleEncoding(count: number): Float32Array;
  /** Since `setAudio`, in microseconds. */
  timings(): { melUs: number; encodeUs: number; decodeUs: number; sampleUs: number };
  clear(): void;
  close(): void;
}

/** Silero VAD, for the thread that opened it. */
export interface NativeSpeechJudge {
  /**
   * Judges 1 to 960,000 consecutive samples in frames of 512, of which the last may be cut short.
   * @param state what the frames before left; empty for a recording's first
   */
  judge(pcm: Int16Array, state: Float32Array): { probabilities: Float32Array; state: Float32Array };
  close(): void;
}

/** A device that a loaded backend found. */
export interface NativeDevice {
  /** `CPU`, `Vulkan0` … */
  name: string;
  description: string;
  isGpu: boolean;
  freeBytes: number;
  totalBytes: number;
}

/** One product of the probe. */
export interface NativeProduct {
  /** Type of the weights: `f16`, `q8_0`, `q5_0`; `int8` of our own kernels. */
  weights: string;
  /** Where the weights lay; kernels differ by it. */
  place: string;
  /** Many columns, as the encoder has, or one, as the decoder. */
  wide: boolean;
  /** Whether weights of this type go to this place. */
  used: boolean;
  /** Root mean square, relative to the result; infinite when it is not a number. */
  relativeError: number;
  durationMs: number;
}

/** The typed face of the addon; `native/src/lib.rs` is the other side. */
export interface Addon {
  whisperVersion(): string;
  systemInfo(): string;
  /**
   * From then on SIGSEGV and its like end the process as SIGKILL does when another process sent them: only the process
   * itself can tell such a kill from a crash.
   */
  endOnSignalsFromOutside(): void;
  /** Loads a backend's module by its full path and gives its name; one for the CPU goes before any model. */
  loadBackend(path: string): string;
  /** How well the processor suits a module, which is not loaded for it; 0: not at all. */
  backendScore(path: string): number;
  devices(): NativeDevice[];
  /** Computes products on a device (empty: the CPU) and holds them against plain loops. */
  probeProducts(device: string, threads: number): NativeProduct[];
  /** Kernels of our own that the processor can run, the fastest first. */
  kernelNames(): string[];
  /** Computes with such kernels and holds that against plain loops. */
  probeKernels(name: string): NativeProduct[];
  /**
   * @param device name of a GPU, or empty for the CPU alone
   * @param batch for a model that suits it; without, ggml computes each session for itself, and for any other model one at a time
   */
  openModel(path: string, device: string, batch?: NativeBatch): number;
  closeModel(modelId: number): void;
  modelFacts(modelId: number): NativeModelFacts;
  /** Token `i` is `bytes[offsets[i] .. offsets[i + 1]]`. */
  vocabulary(modelId: number): { bytes: Buffer; offsets: Uint32Array };
  /** @param shortWindows whether windows are encoded as far as their sound goes, and not always 30 s */
  openSession(modelId: number, threads: number, shortWindows?: boolean): NativeSession;
  /** Opens a walked file of Silero VAD (`catalog/speech-file.ts`). */
  openSpeechJudge(path: string): NativeSpeechJudge;
}

/** Where the addon lies, and beside it ggml's libraries. */
export function nativeFolder(): string {
  return join(packageRoot(), "native", "dist");
}

/**
 * Loads the addon. Only the engine process may call this: native code that fails ends its process.
 * @throws Error listing what to do
 */
export function loadAddon(): Addon {
  const folder = nativeFolder();
  const prefix = `sotto.${process.platform}-${process.arch}`;
  const file = listFolder(folder).find((name) => name.startsWith(prefix) && name.endsWith(".node"));
  const remedy = "Build it with `npm run build:native` (it needs a C++ compiler, cmake and cargo).";
  if (!file)
    throw new Error(`Expected the native engine for ${process.platform}-${process.arch}, but none is built. ${remedy}`);
  try {
    return createRequire(import.meta.url)(join(folder, file)) as Addon;
  } catch (error) {
    throw new Error(`The native engine ${file} does not load: ${(error as Error).message}. ${remedy}`, {
      cause: error,
    });
  }
}

function listFolder(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
