import { writeFileSync } from "node:fs";
import { buildModel } from "../catalog/build-model.js";

/** `<|nospeech|>` of the multilingual vocabulary of 51,865 tokens, of which the first 256 are the bytes. */
export const NO_SPEECH = 50_362;

/**
 * Writes a real model file whose decoder thinks the same at every step, whatever it hears: the given logits, 0 for all
 * other tokens. With zeros for weights nothing of the input is left; the last bias picks the first column of the
 * embedding, which holds the logits.
 */
export function writeConstantModel(path: string, logits: ReadonlyMap<number, number>): void {
  const state = 4;
  const { bytes, places } = buildModel({ vocabSize: 51_865, audioContext: 1500, textContext: 128, state, heads: 2 });
  bytes.writeFloatLE(1, places.get("decoder.ln.bias: weights"));
  const embedding = places.get("decoder.token_embedding.weight: weights") as number;
  for (const [id, logit] of logits) bytes.writeUInt16LE(halfOf(logit), embedding + 2 * state * id);
  writeFileSync(path, bytes);
}

/** IEEE half precision of a whole number of 1 to 1024. */
function halfOf(value: number): number {
  const exponent = Math.floor(Math.log2(value));
  return ((exponent + 15) << 10) | Math.round((value / 2 ** exponent - 1) * 1024);
}
