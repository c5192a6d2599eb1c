/** How ggml lays out a weight: `blockBytes` hold `blockElements` (upstream `ggml/src/ggml-common.h`). */
export interface GgmlType {
  name: string;
  /** Number in a tensor's header (`enum ggml_type`). */
  id: number;
  blockElements: number;
  blockBytes: number;
}

export const F32: GgmlType = { name: "f32", id: 0, blockElements: 1, blockBytes: 4 };
export const F16: GgmlType = { name: "f16", id: 1, blockElements: 1, blockBytes: 2 };

/**
 * What the file type in the header makes of the large weights (`enum ggml_ftype`): those that upstream's converter and
 * quantizer write. Type 0 is missing: whisper.cpp aborts on f32 convolutions on the CPU (`ggml_compute_forward_im2col`).
 */
export const WEIGHT_TYPES: ReadonlyMap<number, GgmlType> = new Map([
  [1, F16],
  [2, { name: "q4_0", id: 2, blockElements: 32, blockBytes: 18 }],
  [3, { name: "q4_1", id: 3, blockElements: 32, blockBytes: 20 }],
  [7, { name: "q8_0", id: 8, blockElements: 32, blockBytes: 34 }],
  [8, { name: "q5_0", id: 6, blockElements: 32, blockBytes: 22 }],
  [9, { name: "q5_1", id: 7, blockElements: 32, blockBytes: 24 }],
  [10, { name: "q2_k", id: 10, blockElements: 256, blockBytes: 84 }],
  [11, { name: "q3_k", id: 11, blockElements: 256, blockBytes: 110 }],
  [12, { name: "q4_k", id: 12, blockElements: 256, blockBytes: 144 }],
  [13, { name: "q5_k", id: 13, blockElements: 256, blockBytes: 176 }],
  [14, { name: "q6_k", id: 14, blockElements: 256, blockBytes: 210 }],
]);

/** A header's file type is `base + 1000 * version` (upstream `GGML_QNT_VERSION_FACTOR`). */
export const QUANTIZATION_VERSION_FACTOR = 1000;

/** Blocks of other versions have the same sizes but another order of bits: they would load and talk nonsense. */
export const QUANTIZATION_VERSION = 2;

export function byteLength(type: GgmlType, elementCount: number): number {
  return (elementCount / type.blockElements) * type.blockBytes;
}
