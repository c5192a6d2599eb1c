import { Buffer } from "node:buffer";

export interface ModelDimensions {
  vocabSize: number;
  audioContext: number;
  state: number;
  heads: number;
  audioLayers: number;
  textContext: number;
  textLayers: number;
  melBins: number;
  fileType: number;
  /** How many tokens the file itself spells out. */
  tokenCount: number;
}

/** A model file in memory, and where in it each header field and each tensor's parts begin. */
export interface ModelImage {
  bytes: Buffer;
  places: Map<string, number>;
  tensorNames: string[];
}

const SMALLEST: ModelDimensions = {
  vocabSize: 51_864,
  audioContext: 3,
  state: 4,
  heads: 2,
  audioLayers: 2,
  textContext: 64,
  textLayers: 3,
  melBins: 80,
  fileType: 1,
  tokenCount: 256,
};

const TYPES = {
  f32: { id: 0, bytesOf: (elements: number) => elements * 4 },
  f16: { id: 1, bytesOf: (elements: number) => elements * 2 },
  q8_0: { id: 8, bytesOf: (elements: number) => (elements / 32) * 34 },
};
type TypeName = keyof typeof TYPES;

/** Writes what upstream's `models/convert-pt-to-ggml.py` writes, with as few weights as the format allows. */
export function buildModel(overrides: Partial<ModelDimensions> = {}): ModelImage {
  const dimensions = { ...SMALLEST, ...overrides };
  const { state, heads, audioContext, textContext, melBins, vocabSize } = dimensions;
  const pieces: Buffer[] = [];
  const places = new Map<string, number>();
  const tensorNames: string[] = [];
  let length = 0;
  const push = (piece: Buffer) => {
    pieces.push(piece);
    length += piece.length;
  };
  const int = (name: string, value: number) => {
    places.set(name, length);
    const piece = Buffer.alloc(4);
    piece.writeInt32LE(value);
    push(piece);
  };

  int("magic", 0x67676d6c);
  int("n_vocab", vocabSize);
  int("n_audio_ctx", audioContext);
  int("n_audio_state", state);
  int("n_audio_head", heads);
  int("n_audio_layer", dimensions.audioLayers);
  int("n_text_ctx", textContext);
  int("n_text_state", state);
  int("n_text_head", heads);
  int("n_text_layer", dimensions.textLayers);
  int("n_mels", melBins);
  int("ftype", dimensions.fileType);
  int("filters.n_mel", melBins);
  int("filters.n_fft", 201);
  push(Buffer.alloc(melBins * 201 * 4));
  int("vocabulary size", dimensions.tokenCount);
  for (let token = 0; token < dimensions.tokenCount; token++) {
    const piece = token < 256 ? Buffer.from([token]) : Buffer.from(`token ${token}`);
    int(`token ${token}`, piece.length);
    push(piece);
  }

  const large: TypeName = dimensions.fileType === 2007 ? "q8_0" : "f16";
  const tensor = (name: string, type: TypeName, ...dims: number[]) => {
    tensorNames.push(name);
    int(`${name}: n_dims`, dims.length);
    int(`${name}: name length`, name.length);
    int(`${name}: type`, TYPES[type].id);
    for (const [index, dim] of dims.entries()) int(`${name}: dim ${index}`, dim);
    places.set(`${name}: name`, length);
    push(Buffer.from(name));
    places.set(`${name}: weights`, length);
    push(Buffer.alloc(TYPES[type].bytesOf(dims.reduce((product, dim) => product * dim, 1))));
  };
  const norm = (name: string) => {
    tensor(`${name}.weight`, "f32", state);
    tensor(`${name}.bias`, "f32", state);
  };
  const block = (name: string, attentions: string[]) => {
    for (const attention of attentions) {
      norm(`${name}.${attention}_ln`);
      for (const part of ["query", "key", "value", "out"]) {
        tensor(`${name}.${attention}.${part}.weight`, large, state, state);
        if (part !== "key") tensor(`${name}.${attention}.${part}.bias`, "f32", state);
      }
    }
    norm(`${name}.mlp_ln`);
    tensor(`${name}.mlp.0.weight`, large, state, 4 * state);
    tensor(`${name}.mlp.0.bias`, "f32", 4 * state);
    tensor(`${name}.mlp.2.weight`, large, 4 * state, state);
    tensor(`${name}.mlp.2.bias`, "f32", state);
  };

  tensor("decoder.positional_embedding", "f32", state, textContext);
  tensor("encoder.positional_embedding", "f32", state, audioContext);
  tensor("decoder.token_embedding.weight", large, state, vocabSize);
  for (let layer = 0; layer < dimensions.textLayers; layer++) block(`decoder.blocks.${layer}`, ["attn", "cross_attn"]);
  norm("decoder.ln");
  tensor("encoder.conv1.weight", "f16", 3, melBins, state);
  tensor("encoder.conv1.bias", "f32", 1, state);
  tensor("encoder.conv2.weight", "f16", 3, state, state);
  tensor("encoder.conv2.bias", "f32", 1, state);
  for (let layer = 0; layer < dimensions.audioLayers; layer++) block(`encoder.blocks.${layer}`, ["attn"]);
  norm("encoder.ln_post");
  return { bytes: Buffer.concat(pieces), places, tensorNames };
}
