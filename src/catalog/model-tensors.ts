import { F16, F32, type GgmlType } from "./ggml-types.js";
import type { ModelHeader } from "./model-header.js";

/** What the loader demands of a tensor; dims run from the fastest, as in the file. */
export interface ExpectedTensor {
  dims: readonly number[];
  type: GgmlType;
}

/**
 * Every tensor that whisper.cpp's loader creates and then wants to find in the file, by name
 * (upstream `whisper_model_load`, "prepare tensors for the weights"): 11 + 15 per encoder + 24 per decoder layer.
 */
export function expectedTensors(header: ModelHeader): Map<string, ExpectedTensor> {
  const { state, melBins } = header;
  const tensors = new Map<string, ExpectedTensor>();
  const add = (name: string, type: GgmlType, ...dims: number[]) => tensors.set(name, { dims, type });

  add("encoder.positional_embedding", F32, state, header.audioContext);
  add("encoder.conv1.weight", F16, 3, melBins, state);
  add("encoder.conv1.bias", F32, 1, state);
  add("encoder.conv2.weight", F16, 3, state, state);
  add("encoder.conv2.bias", F32, 1, state);
  add("decoder.positional_embedding", F32, state, header.textContext);
  add("decoder.token_embedding.weight", header.weightType, state, header.vocabSize);

  const addNorm = (prefix: string) => {
    add(`${prefix}.weight`, F32, state);
    add(`${prefix}.bias`, F32, state);
  };
  const addProduct = (prefix: string, inputs: number, outputs: number) => {
    add(`${prefix}.weight`, header.weightType, inputs, outputs);
    add(`${prefix}.bias`, F32, outputs);
  };
  const addBlock = (block: string, attentions: string[]) => {
    for (const attention of attentions) {
      addNorm(`${block}.${attention}_ln`);
      for (const part of ["query", "value", "out"]) addProduct(`${block}.${attention}.${part}`, state, state);
      add(`${block}.${attention}.key.weight`, header.weightType, state, state);
    }
    addNorm(`${block}.mlp_ln`);
    addProduct(`${block}.mlp.0`, state, 4 * state);
    addProduct(`${block}.mlp.2`, 4 * state, state);
  };

  addNorm("encoder.ln_post");
  addNorm("decoder.ln");
  for (let layer = 0; layer < header.audioLayers; layer++) addBlock(`encoder.blocks.${layer}`, ["attn"]);
  for (let layer = 0; layer < header.textLayers; layer++) addBlock(`decoder.blocks.${layer}`, ["attn", "cross_attn"]);
  return tensors;
}
