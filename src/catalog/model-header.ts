import type { FileReader } from "./file-reader.js";
import { type GgmlType, QUANTIZATION_VERSION, QUANTIZATION_VERSION_FACTOR, WEIGHT_TYPES } from "./ggml-types.js";
import { ModelFileError } from "./model-file-error.js";

/** The first 48 bytes of a model, checked. */
export interface ModelHeader {
  vocabSize: number;
  /** Positions of 20 ms that the encoder takes. */
  audioContext: number;
  textContext: number;
  /** Width of encoder and decoder. */
  state: number;
  heads: number;
  audioLayers: number;
  textLayers: number;
  melBins: number;
  /** Type of the large weights. */
  weightType: GgmlType;
}

/** `ggml`, read as a number. */
export const GGML_MAGIC = 0x67676d6c;
/** 51,864 tokens: English only; 51,865: 99 languages; 51,866: large-v3's hundred. */
const VOCAB_SIZES = { min: 51_864, max: 51_866 };
const AUDIO_CONTEXT = { min: 1, max: 1500 };
const TEXT_CONTEXT = { min: 64, max: 448 };
const AUDIO_LAYERS = { min: 1, max: 64 };
/** large has 32. From 57 on the decoder's graph has more nodes than whisper.cpp makes room for (`WHISPER_MAX_NODES`), and ggml aborts. */
const TEXT_LAYERS = { min: 1, max: 48 };
/** large has 1280; `n_vocab * state` and `4 * state²` stay far below the 2³¹ at which the loader's int overflows. */
const STATE = { min: 1, max: 8192 };
/** large has 20. Thousands of narrow heads are no fault, but a window then takes minutes. */
const MAX_HEADS = 128;
const MEL_BINS = [80, 128];

/**
 * Reads magic and hyperparameters in the order of upstream's `whisper_model_load`, which checks next to none of them:
 * negative or huge values end its process.
 * @throws ModelFileError
 */
export async function readModelHeader(reader: FileReader): Promise<ModelHeader> {
  const magic = (await reader.int32("magic")) >>> 0;
  if (magic !== GGML_MAGIC) {
    throw new ModelFileError("magic", "0x67676d6c (ggml)", `0x${magic.toString(16).padStart(8, "0")}`);
  }
  const int = async (field: string, { min, max }: { min: number; max: number }) => {
    const value = await reader.int32(field);
    if (value < min || value > max) throw new ModelFileError(field, `${min} to ${max}`, String(value));
    return value;
  };
  const same = async (field: string, other: string, value: number) => {
    const received = await reader.int32(field);
    if (received !== value) throw new ModelFileError(field, `${value} (that of ${other})`, String(received));
  };

  const vocabSize = await int("n_vocab", VOCAB_SIZES);
  const audioContext = await int("n_audio_ctx", AUDIO_CONTEXT);
  const state = await int("n_audio_state", STATE);
  const heads = await int("n_audio_head", { min: 1, max: Math.min(state, MAX_HEADS) });
  if (state % heads !== 0) throw new ModelFileError("n_audio_head", `a divisor of n_audio_state ${state}`, `${heads}`);
  const audioLayers = await int("n_audio_layer", AUDIO_LAYERS);
  const textContext = await int("n_text_ctx", TEXT_CONTEXT);
  // The encoder's output feeds the decoder's cross attention without any projection between widths.
  await same("n_text_state", "n_audio_state", state);
  await same("n_text_head", "n_audio_head", heads);
  const textLayers = await int("n_text_layer", TEXT_LAYERS);
  const melBins = await reader.int32("n_mels");
  if (!MEL_BINS.includes(melBins)) throw new ModelFileError("n_mels", MEL_BINS.join(" or "), String(melBins));
  const weightType = readWeightType(await reader.int32("ftype"), state);
  return { vocabSize, audioContext, textContext, state, heads, audioLayers, textLayers, melBins, weightType };
}

function readWeightType(fileType: number, state: number): GgmlType {
  const type = WEIGHT_TYPES.get(fileType % QUANTIZATION_VERSION_FACTOR);
  if (!type || fileType < 0) {
    const known = [...WEIGHT_TYPES].map(([number, { name }]) => `${number} (${name})`).join(", ");
    throw new ModelFileError(
      "ftype",
      `one of ${known}`,
      fileType === 0 ? "0 (f32; convert the model to f16)" : `${fileType}`,
    );
  }
  const version = Math.trunc(fileType / QUANTIZATION_VERSION_FACTOR);
  const isQuantized = type.blockElements > 1;
  if (version !== QUANTIZATION_VERSION && (isQuantized || version !== 0)) {
    throw new ModelFileError(
      "quantization version",
      String(QUANTIZATION_VERSION),
      `${version} (quantize the model anew)`,
    );
  }
  if (state % type.blockElements !== 0) {
    throw new ModelFileError("n_audio_state", `a multiple of ${type.blockElements} for ${type.name}`, String(state));
  }
  return type;
}
