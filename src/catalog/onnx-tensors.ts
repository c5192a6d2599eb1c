import { packedVarints, type WireField, wireFields } from "./protobuf.js";

/** A constant of a network, with 32-bit floats in row-major order. */
export interface OnnxTensor {
  name: string;
  /** Outermost first. */
  dims: readonly number[];
  data: Float32Array;
}

/** Field numbers of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto. */
const MODEL = { graph: 7 };
const GRAPH = { node: 1, initializer: 5 };
const NODE = { output: 2, attribute: 5 };
const ATTRIBUTE = { name: 1, tensor: 5, graph: 6 };
const TENSOR = { dims: 1, dataType: 2, floatData: 4, name: 8, rawData: 9 };
const FLOAT = 1;

/**
 * All float constants of an ONNX model. A network within a branch of an `If` has the branch's name before its own:
 * `then_branch/weight`.
 * @throws RangeError when the bytes are no ONNX model
 */
export function onnxTensors(model: Buffer): OnnxTensor[] {
  const graph = only(model, MODEL.graph);
  return graph ? tensorsOfGraph(graph, "") : [];
}

function tensorsOfGraph(graph: Buffer, prefix: string): OnnxTensor[] {
  const tensors: OnnxTensor[] = [];
  for (const { number, bytes } of wireFields(graph)) {
    if (number === GRAPH.initializer) tensors.push(...readTensor(bytes, prefix));
    if (number === GRAPH.node) tensors.push(...tensorsOfNode(bytes, prefix));
  }
  return tensors;
}

function tensorsOfNode(node: Buffer, prefix: string): OnnxTensor[] {
  const output = only(node, NODE.output)?.toString("utf8") ?? "";
  return fieldsOf(node, NODE.attribute).flatMap(({ bytes: attribute }) => {
    const name = only(attribute, ATTRIBUTE.name)?.toString("utf8") ?? "";
    const graph = only(attribute, ATTRIBUTE.graph);
    const tensor = only(attribute, ATTRIBUTE.tensor);
    return [
      ...(graph ? tensorsOfGraph(graph, `${prefix}${name}/`) : []),
      // A constant's own name is its node's output.
      ...(tensor ? readTensor(tensor, prefix, output) : []),
    ];
  });
}

function readTensor(tensor: Buffer, prefix: string, otherName = ""): OnnxTensor[] {
  const dims: number[] = [];
  let dataType = 0;
  let name = otherName;
  let data: Buffer = Buffer.alloc(0);
  for (const { number, value, bytes } of wireFields(tensor)) {
    if (number === TENSOR.dims) dims.push(...(bytes.length > 0 ? packedVarints(bytes) : [value]));
    if (number === TENSOR.dataType) dataType = value;
    if (number === TENSOR.name && bytes.length > 0) name = bytes.toString("utf8");
    if (number === TENSOR.rawData || (number === TENSOR.floatData && bytes.length > 0)) data = bytes;
  }
  if (dataType !== FLOAT || data.length % 4 !== 0) return [];
  const floats = new Float32Array(data.length / 4);
  for (let i = 0; i < floats.length; i++) floats[i] = data.readFloatLE(4 * i);
  return [{ name: prefix + name, dims, data: floats }];
}

function fieldsOf(message: Buffer, number: number): WireField[] {
  return [...wireFields(message)].filter((field) => field.number === number);
}

function only(message: Buffer, number: number): Buffer | undefined {
  return fieldsOf(message, number)[0]?.bytes;
}
