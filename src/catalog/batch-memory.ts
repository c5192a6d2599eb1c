import type { ModelFacts } from "./model-file.js";

const F32_BYTES = 4;
/** Sequences of one window that grow at once (`native/engine/kernels/window_computer.h`). */
export const SEQUENCES = 2;
/** A session's spectrogram of a window with silence as long. */
const SPECTROGRAM_FRAMES = 6_000;

/** Memory of one worker whose windows are decoded together with others', beside their caches (`native/engine/batched_model.h`). */
export function batchSessionBytes({ melBins, vocabSize }: Pick<ModelFacts, "melBins" | "vocabSize">): number {
  return F32_BYTES * (SPECTROGRAM_FRAMES * melBins + (1 + SEQUENCES) * vocabSize);
}
