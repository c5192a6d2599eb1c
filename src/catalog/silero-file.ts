import { F16, type GgmlType } from "./ggml-types.js";
import { halfBits } from "./half-float.js";
import { GGML_MAGIC } from "./model-header.js";
import { onnxTensors } from "./onnx-tensors.js";
import { SPEECH_NUMBERS, SPEECH_TENSORS, SPEECH_TYPE, type SpeechTensor } from "./speech-layout.js";

/** The network for 16 kHz; that for 8 kHz is in the other branch. */
const BRANCH = "then_branch/";

/**
 * Makes the ggml file of Silero VAD out of its ONNX model, byte for byte what upstream's
 * `models/convert-silero-vad-to-ggml.py` makes of its PyTorch model.
 * @param version of Silero VAD, which the ONNX model does not say: major, minor, patch
 * @throws RangeError when the model is no such model
 */
export function sileroFile(onnx: Buffer, version: readonly number[]): Buffer {
  const tensors = new Map(onnxTensors(onnx).map((tensor) => [tensor.name, tensor]));
  const parts = [ints(GGML_MAGIC, SPEECH_TYPE.length), Buffer.from(SPEECH_TYPE)];
  parts.push(ints(...version, ...SPEECH_NUMBERS.map(([, value]) => value)));
  for (const expected of SPEECH_TENSORS) {
    const found = tensors.get(expected.name.replace("_model.", BRANCH));
    if (!found || found.dims.join() !== expected.shape.join() || found.data.length !== elementsOf(expected)) {
      throw new RangeError(`the model has no tensor ${expected.name} of ${expected.shape.join(" × ")}`);
    }
    const name = Buffer.from(expected.name);
    parts.push(ints(expected.dims.length, name.length, expected.type.id, ...expected.dims), name);
    parts.push(weights(found.data, expected.type));
  }
  return Buffer.concat(parts);
}

function elementsOf({ shape }: SpeechTensor): number {
  return shape.reduce((product, length) => product * length, 1);
}

function ints(...numbers: number[]): Buffer {
  const buffer = Buffer.alloc(4 * numbers.length);
  numbers.forEach((number, index) => {
    buffer.writeInt32LE(number, 4 * index);
  });
  return buffer;
}

function weights(values: Float32Array, type: GgmlType): Buffer {
  const buffer = Buffer.alloc(values.length * type.blockBytes);
  values.forEach((value, index) => {
    if (type === F16) buffer.writeUInt16LE(halfBits(value), 2 * index);
    else buffer.writeFloatLE(value, 4 * index);
  });
  return buffer;
}
