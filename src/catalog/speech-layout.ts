import { F16, F32, type GgmlType } from "./ggml-types.js";

/** A tensor of Silero VAD, as ggml files have it. */
export interface SpeechTensor {
  /** In the file; in the ONNX model it is without `_model.`. */
  name: string;
  /** As ONNX has it, outermost first. */
  shape: readonly number[];
  /** As the file has it, innermost first, without those of one. */
  dims: readonly number[];
  type: GgmlType;
}

/** What upstream's loader reads before the tensors, in its order (whisper.cpp, `whisper_vad_init_with_params`). */
export const SPEECH_TYPE = "silero-16k";
export const SPEECH_NUMBERS: readonly (readonly [name: string, value: number])[] = [
  ["n_window", 512],
  ["n_context", 64],
  ["n_encoder_layers", 4],
  ...[
    [129, 128],
    [128, 64],
    [64, 64],
    [64, 128],
  ].flatMap(([from, to], layer): [string, number][] => [
    [`encoder_in_channels ${layer}`, from as number],
    [`encoder_out_channels ${layer}`, to as number],
    [`kernel_size ${layer}`, 3],
  ]),
  ["lstm_input_size", 128],
  ["lstm_hidden_size", 128],
  ["final_conv_in", 128],
  ["final_conv_out", 1],
];

/** In the order of upstream's `models/convert-silero-vad-to-ggml.py`. */
export const SPEECH_TENSORS: readonly SpeechTensor[] = [
  ...[
    [128, 129],
    [64, 128],
    [64, 64],
    [128, 64],
  ].flatMap(([to, from], layer) => [
    tensor(`encoder.${layer}.reparam_conv.weight`, [to as number, from as number, 3], F16),
    tensor(`encoder.${layer}.reparam_conv.bias`, [to as number], F32),
  ]),
  tensor("decoder.rnn.weight_ih", [512, 128], F32),
  tensor("decoder.rnn.weight_hh", [512, 128], F32),
  tensor("decoder.rnn.bias_ih", [512], F32),
  tensor("decoder.rnn.bias_hh", [512], F32),
  tensor("decoder.decoder.2.weight", [1, 128, 1], F16),
  tensor("decoder.decoder.2.bias", [1], F32),
  { ...tensor("stft.forward_basis_buffer", [258, 1, 256], F16), dims: [256, 1, 258] },
];

function tensor(name: string, shape: readonly number[], type: GgmlType): SpeechTensor {
  const dims = shape.filter((length) => length !== 1).reverse();
  return { name: `_model.${name}`, shape, dims, type };
}
