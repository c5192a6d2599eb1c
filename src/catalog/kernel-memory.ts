import { batchSessionBytes, SEQUENCES } from "./batch-memory.js";
import type { ModelFacts } from "./model-file.js";

const F16_BYTES = 2;
const F32_BYTES = 4;
/** Keys and values. */
const CACHES = 2;
/** Every head of Whisper's is so wide. */
const HEAD = 64;
/** Weights of a layer in squares of the model's width. */
const ENCODER_SQUARES = 12;
const DECODER_SQUARES = 16;
const CONVOLUTION_TAPS = 3;
/** Rows of floats that the encoder works on, in positions of its context. */
const ENCODER_ROWS = 6;
/** Audio in floats, twice: sessions take turns with it. */
const AUDIO_BYTES = 2 * 480_000 * F32_BYTES;

/** Types of weights that the kernels read (`native/engine/kernels/dequantize.h`). */
const QUANTIZATIONS = new Set(["f16", "q4_0", "q4_1", "q5_0", "q5_1", "q8_0"]);

/** Memory of a model that our own kernels compute (`native/engine/kernels`). */
export interface KernelMemory {
  /** Weights as bytes, whatever the file has, and what all windows share. */
  sharedBytes: number;
  /** Caches of one window. */
  slotBytes: number;
  /** Of these, those of its audio, which each token reads from end to end. */
  audioBytes: number;
  /** Of one worker beside the caches. */
  sessionBytes: number;
}

/** undefined: the model does not suit the kernels, and ggml computes it. */
export function kernelMemory(facts: ModelFacts): KernelMemory | undefined {
  const { state, heads, audioLayers, textLayers, audioContext, textContext, melBins, vocabSize } = facts;
  if (state !== heads * HEAD || !QUANTIZATIONS.has(facts.quantization)) return undefined;
  const squares = ENCODER_SQUARES * audioLayers + DECODER_SQUARES * textLayers;
  const convolutions = F32_BYTES * CONVOLUTION_TAPS * state * (melBins + state);
  const positions = F32_BYTES * state * (audioContext + textContext);
  const encoder = F32_BYTES * ENCODER_ROWS * state * audioContext;
  const padded = Math.ceil(audioContext / HEAD) * HEAD;
  const crossHead = CACHES * padded * (HEAD + F32_BYTES) + F32_BYTES * HEAD;
  const selfHead = CACHES * F16_BYTES * HEAD * textContext;
  return {
    sharedBytes: squares * state ** 2 + vocabSize * state + convolutions + positions + encoder + AUDIO_BYTES,
    slotBytes: textLayers * heads * (crossHead + SEQUENCES * selfHead),
    audioBytes: textLayers * heads * crossHead,
    sessionBytes: batchSessionBytes(facts),
  };
}
