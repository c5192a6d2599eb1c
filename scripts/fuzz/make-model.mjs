import { byteLength, QUANTIZATION_VERSION, WEIGHT_TYPES } from "../../dist/catalog/ggml-types.js";
import { expectedTensors } from "../../dist/catalog/model-tensors.js";

/**
 * @typedef {import("../../dist/catalog/model-header.js").ModelHeader} ModelHeader
 * @typedef {"zeros" | "small" | "noise"} Filling noise: any bytes, so also infinities and what is not a number
 */

const FILTER_FREQUENCIES = 201;

/** The edges of what the walk lets through; each is a seed of its own. @type {Partial<ModelHeader>[]} */
const EDGES = [
  { audioContext: 1 },
  { audioContext: 1500, state: 8, heads: 8 },
  { textContext: 448 },
  { textContext: 65 },
  { state: 1, heads: 1 },
  { state: 3, heads: 3 },
  { state: 30, heads: 5 },
  { state: 33, heads: 1 },
  { audioLayers: 64, textLayers: 48, state: 2, heads: 1 },
  { audioLayers: 1, textLayers: 1 },
  { textLayers: 2 },
  { vocabSize: 51_865 },
  { vocabSize: 51_866, melBins: 128 },
];

/**
 * The shapes of the models that are made: each edge, each weight type, and some at random.
 * @param {import("./random.mjs").Random} random
 * @returns {{ header: ModelHeader, filling: Filling }[]}
 */
export function modelShapes(random) {
  const f16 = /** @type {import("../../dist/catalog/ggml-types.js").GgmlType} */ (WEIGHT_TYPES.get(1));
  const smallest = { vocabSize: 51_864, audioContext: 3, textContext: 64, state: 4, heads: 2, audioLayers: 2 };
  const base = { ...smallest, textLayers: 3, melBins: 80, weightType: f16 };
  const atRandom = Array.from({ length: 8 }, () => {
    const heads = random.between(1, 8);
    const layers = { audioLayers: random.between(1, 6), textLayers: random.between(1, 6) };
    const contexts = { audioContext: random.between(1, 400), textContext: random.between(64, 448) };
    return { ...layers, ...contexts, heads, state: heads * random.between(1, 16) };
  });
  const quantized = [...WEIGHT_TYPES.values()].map((weightType) => ({
    weightType,
    state: Math.max(4, weightType.blockElements),
    heads: 2,
  }));
  return [...EDGES, ...atRandom, ...quantized].map((change) => ({
    header: { ...base, ...change },
    filling: random.pick(/** @type {const} */ (["zeros", "small", "noise"])),
  }));
}

/**
 * @param {{ header: ModelHeader, filling: Filling }} shape
 * @param {import("./random.mjs").Random} random
 */
export function makeModel({ header, filling }, random) {
  const fileType = [...WEIGHT_TYPES].find(([, type]) => type === header.weightType)?.[0] ?? 1;
  const version = header.weightType.blockElements > 1 ? QUANTIZATION_VERSION : 0;
  /** @type {Buffer[]} */
  const pieces = [];
  const ints = (/** @type {number[]} */ ...values) => pieces.push(Buffer.from(Int32Array.from(values).buffer));
  const { state, heads, melBins } = header;
  ints(0x67676d6c, header.vocabSize, header.audioContext, state, heads, header.audioLayers);
  ints(header.textContext, state, heads, header.textLayers, melBins, fileType + 1000 * version);
  ints(melBins, FILTER_FREQUENCIES);
  pieces.push(
    Buffer.from(Float32Array.from({ length: melBins * FILTER_FREQUENCIES }, () => random.next() / 50).buffer),
  );
  ints(256);
  for (let token = 0; token < 256; token++) {
    ints(1);
    pieces.push(Buffer.from([token]));
  }
  for (const [name, { type, dims }] of expectedTensors(header)) {
    ints(dims.length, name.length, type.id, ...dims);
    const elementCount = dims.reduce((product, dim) => product * dim, 1);
    pieces.push(Buffer.from(name), weights(type.id, byteLength(type, elementCount), filling, random));
  }
  return Buffer.concat(pieces);
}

/**
 * @param {number} type @param {number} length @param {Filling} filling
 * @param {import("./random.mjs").Random} random
 */
function weights(type, length, filling, random) {
  if (filling === "zeros") return Buffer.alloc(length);
  const bytes = random.bytes(length);
  if (filling === "noise") return bytes;
  // Sign and fraction stay as they came, the exponent makes it some hundredths.
  if (type === 0)
    for (let at = 0; at < length; at += 4) bytes.writeUInt16LE((bytes.readUInt16LE(at + 2) & 0x807f) | 0x3c80, at + 2);
  if (type === 1)
    for (let at = 0; at < length; at += 2) bytes.writeUInt16LE((bytes.readUInt16LE(at) & 0x83ff) | 0x2400, at);
  return bytes;
}
