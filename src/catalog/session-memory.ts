import { batchSessionBytes, SEQUENCES } from "./batch-memory.js";
import type { ModelFacts } from "./model-file.js";

const F16_BYTES = 2;
const F32_BYTES = 4;
/** Keys and values. */
const CACHES = 2;
/** Positions that whisper.cpp gives the decoder's own cache, and pads the encoder's 1500 to. */
const SELF_POSITIONS = 512;
const CROSS_POSITIONS = 1536;
/** Of the graphs' buffers that do not grow with the model (conv, encoder, cross, decoder), as whisper.cpp reports them. */
const FIXED_BYTES = 9_000_000;
/** And of those that grow with its width. */
const BYTES_PER_STATE = 76_000;

/**
 * Memory of one session beside the weights: key-value caches and the buffers of the compute graphs. The sizes that
 * whisper.cpp 1.9.1 reports for its models are met within 1 %: tiny 146, base 169, small 240, medium 387, large 542 MB.
 */
export function sessionBytes({ state, textLayers, textContext, vocabSize }: ModelFacts): number {
  const cachePerLayer = CACHES * F16_BYTES * state * (SELF_POSITIONS + CROSS_POSITIONS);
  const padding = F16_BYTES * CACHES * state * CROSS_POSITIONS;
  const logits = F32_BYTES * vocabSize * textContext;
  return Math.round(textLayers * cachePerLayer + padding + logits + FIXED_BYTES + BYTES_PER_STATE * state);
}

/** Memory of one window where ggml decodes many together on a GPU: its caches there, and its worker's spectrogram and logits. */
export function batchedWindowBytes(facts: ModelFacts): number {
  const { state, textLayers } = facts;
  const caches = CACHES * F16_BYTES * textLayers * state * (SEQUENCES * SELF_POSITIONS + CROSS_POSITIONS);
  return caches + batchSessionBytes(facts);
}
