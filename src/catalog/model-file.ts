import { constants, open } from "node:fs/promises";
import { FileReader } from "./file-reader.js";
import { byteLength } from "./ggml-types.js";
import { ModelFileError } from "./model-file-error.js";
import { type ModelHeader, readModelHeader } from "./model-header.js";
import { type ExpectedTensor, expectedTensors } from "./model-tensors.js";
import { readTensorHeader, unreadable } from "./model-walk.js";

/** What a model file says of itself. */
export interface ModelFacts {
  bytes: number;
  /** By the number of encoder layers, as whisper.cpp tells them. */
  modelType: "tiny" | "base" | "small" | "medium" | "large" | "custom";
  multilingual: boolean;
  /** How many languages of Whisper's table have a token; 1: English only. */
  languageCount: number;
  /** `f16`, or the name of the quantization: `q5_1`, `q8_0` … */
  quantization: string;
  parameterCount: number;
  state: number;
  heads: number;
  audioLayers: number;
  textLayers: number;
  audioContext: number;
  textContext: number;
  melBins: number;
  vocabSize: number;
}

const MODEL_TYPES: Record<number, ModelFacts["modelType"]> = {
  4: "tiny",
  6: "base",
  12: "small",
  24: "medium",
  32: "large",
};

/** Frequencies of a 400-sample Fourier transform: 400 / 2 + 1. */
const FILTER_FREQUENCIES = 201;
const FLOAT_BYTES = 4;
/** Token bytes beyond which the vocabulary is no Whisper vocabulary; the longest real one has 128. */
const MAX_TOKEN_BYTES = 255;
const SPACE = 0x20;
/** whisper.cpp logs the path, and its logger crashes on a line of more than 1,023 bytes (`whisper_log_internal`). */
const MAX_PATH_BYTES = 900;
const MAX_DIMS = 4;
const SMALLEST_MULTILINGUAL_VOCAB = 51_865;
const MAX_LANGUAGES = 100;

/**
 * Walks a ggml Whisper file from its first byte to its last, reading all but the weights, before any native code sees
 * it: upstream's loader believes what it reads, and crafted or cut files end the process or load as garbage
 * (https://github.com/ggml-org/whisper.cpp/blob/v1.9.1/src/whisper.cpp, `whisper_model_load`).
 * @throws ModelFileError for whatever is wrong with the file, also when it cannot be read
 */
export async function readModelFile(path: string): Promise<ModelFacts> {
  const pathBytes = Buffer.byteLength(path);
  if (pathBytes > MAX_PATH_BYTES) throw new ModelFileError("path", `at most ${MAX_PATH_BYTES} bytes`, `${pathBytes}`);
  // A pipe would otherwise be waited for until somebody writes to it.
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(unreadable);
  try {
    const status = await handle.stat();
    if (!status.isFile()) throw new ModelFileError("file", "a regular one", "something else");
    const reader = new FileReader(handle, status.size);
    const header = await readModelHeader(reader);
    await walkFilters(reader, header);
    await walkVocabulary(reader, header);
    const parameterCount = await walkTensors(reader, header);
    return facts(header, status.size, parameterCount);
  } catch (error) {
    return unreadable(error);
  } finally {
    await handle.close();
  }
}

async function walkFilters(reader: FileReader, { melBins }: ModelHeader): Promise<void> {
  const rows = await reader.int32("filters.n_mel");
  if (rows !== melBins) throw new ModelFileError("filters.n_mel", `${melBins}`, `${rows}`);
  const columns = await reader.int32("filters.n_fft");
  if (columns !== FILTER_FREQUENCIES) {
    throw new ModelFileError("filters.n_fft", `${FILTER_FREQUENCIES}`, `${columns}`);
  }
  for (let row = 0; row < rows; row++) {
    const field = `mel filter ${row}`;
    const weights = await reader.bytes(columns * FLOAT_BYTES, field);
    for (let at = 0; at < weights.length; at += FLOAT_BYTES) {
      const weight = weights.readFloatLE(at);
      // Written so that not-a-number fails too.
      if (!(weight >= 0 && weight <= 1)) throw new ModelFileError(field, "weights from 0 to 1", `${weight}`);
    }
  }
}

async function walkVocabulary(reader: FileReader, { vocabSize }: ModelHeader): Promise<void> {
  const tokenCount = await reader.int32("vocabulary size");
  if (tokenCount < 1 || tokenCount > vocabSize) {
    throw new ModelFileError("vocabulary size", `1 to ${vocabSize} tokens`, `${tokenCount}`);
  }
  let hasSpace = false;
  for (let token = 0; token < tokenCount; token++) {
    const field = `length of token ${token}`;
    const length = await reader.int32(field);
    if (length < 0 || length > MAX_TOKEN_BYTES) {
      throw new ModelFileError(field, `0 to ${MAX_TOKEN_BYTES} bytes`, `${length}`);
    }
    if (length === 1) hasSpace = (await reader.bytes(1, field))[0] === SPACE || hasSpace;
    else reader.skip(length, `token ${token}`);
  }
  // `token_to_id.at(" ")` throws in every decoding step without it (upstream `whisper_process_logits`).
  if (!hasSpace) throw new ModelFileError("vocabulary", "a token that is one space", "none");
}

/** @returns how many weights the model has */
async function walkTensors(reader: FileReader, header: ModelHeader): Promise<number> {
  const missing = expectedTensors(header);
  const tensorCount = missing.size;
  let parameterCount = 0;
  while (reader.remainingBytes > 0) {
    const field = `tensor ${tensorCount - missing.size + 1} of ${tensorCount}`;
    if (missing.size === 0) {
      throw new ModelFileError("file size", `${reader.offset} bytes`, `${reader.remainingBytes} bytes more`);
    }
    const { name, type, dims } = await readTensorHeader(reader, field);
    const expected = missing.get(name);
    if (!expected) throw new ModelFileError(field, "each tensor of the model once", `'${printable(name)}'`);
    checkTensor(name, expected, type, dims);
    const elementCount = expected.dims.reduce((product, dim) => product * dim, 1);
    reader.skip(byteLength(expected.type, elementCount), `weights of ${name}`);
    parameterCount += elementCount;
    missing.delete(name);
  }
  if (missing.size > 0) {
    const received = `the end of the file after ${tensorCount - missing.size} (cut short?)`;
    throw new ModelFileError("tensors", `${tensorCount}`, received);
  }
  return parameterCount;
}

function checkTensor(name: string, expected: ExpectedTensor, type: number, dims: number[]): void {
  if (type !== expected.type.id) {
    throw new ModelFileError(`type of ${name}`, `${expected.type.id} (${expected.type.name})`, `${type}`);
  }
  for (let dim = 0; dim < MAX_DIMS; dim++) {
    if ((dims[dim] ?? 1) === (expected.dims[dim] ?? 1)) continue;
    throw new ModelFileError(`shape of ${name}`, expected.dims.join(" × "), dims.join(" × "));
  }
}

/** A name out of a broken file, made fit for a message. */
function printable(name: string): string {
  return name.replace(/[^\x20-\x7e]/g, "?").slice(0, 60);
}

function facts(header: ModelHeader, bytes: number, parameterCount: number): ModelFacts {
  const { weightType, ...dimensions } = header;
  const multilingual = header.vocabSize >= SMALLEST_MULTILINGUAL_VOCAB;
  return {
    bytes,
    modelType: MODEL_TYPES[header.audioLayers] ?? "custom",
    multilingual,
    languageCount: multilingual ? MAX_LANGUAGES - (SMALLEST_MULTILINGUAL_VOCAB + 1 - header.vocabSize) : 1,
    quantization: weightType.name,
    parameterCount,
    ...dimensions,
  };
}
