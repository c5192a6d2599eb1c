import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { sileroFile } from "../../src/catalog/silero-file.js";
import { SPEECH_TENSORS } from "../../src/catalog/speech-layout.js";
import type { SpeechEntry } from "../../src/catalog/speech-model.js";

/**
 * A network in Silero's clothes that hears how loud 500 Hz is, and remembers a little of what was before: made by hand, it
 * lets the whole way of the weights be tested without them.
 */
export function loudnessNetwork(): Map<string, Float32Array> {
  const tensors = new Map<string, Float32Array>();
  const shapes = new Map(SPEECH_TENSORS.map(({ name, shape }) => [name.replace("_model.", ""), shape]));
  for (const [name, shape] of shapes) tensors.set(name, new Float32Array(shape.reduce((a, b) => a * b, 1)));
  const set = (name: string, index: readonly number[], value: number) => {
    const shape = shapes.get(name) as readonly number[];
    const at = index.reduce((offset, i, axis) => offset * (shape[axis] as number) + i, 0);
    (tensors.get(name) as Float32Array)[at] = value;
  };
  const bin = 8;
  for (let n = 0; n < 256; n++) {
    set("stft.forward_basis_buffer", [bin, 0, n], Math.cos((2 * Math.PI * bin * n) / 256));
    set("stft.forward_basis_buffer", [129 + bin, 0, n], Math.sin((2 * Math.PI * bin * n) / 256));
  }
  for (let layer = 0; layer < 4; layer++) {
    set(`encoder.${layer}.reparam_conv.weight`, [0, layer === 0 ? bin : 0, 1], 1);
  }
  // Gates in the order input, forget, cell, output; only the first of 128 cells is used.
  set("decoder.rnn.weight_ih", [2 * 128, 0], 1);
  for (const [gate, bias] of [
    [0, 10],
    [1, -0.5],
    [3, 10],
  ] as const) {
    set("decoder.rnn.bias_ih", [gate * 128], bias);
  }
  set("decoder.decoder.2.weight", [0, 0, 0], 20);
  set("decoder.decoder.2.bias", [0], -5);
  return tensors;
}

/** As an ONNX model that has them in the first branch of an `If`, and others beside it. */
export function onnxOf(tensors: Map<string, Float32Array>): Buffer {
  const shapes = new Map(SPEECH_TENSORS.map(({ name, shape }) => [name.replace("_model.", ""), shape]));
  const branch = Buffer.concat(
    [...tensors].map(([name, data], index) => {
      const dims = shapes.get(name) ?? [data.length];
      const raw = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
      // Half of the tensors as constants, as a node's attribute: both ways are in the wild.
      const tensor = (isNamed: boolean) =>
        Buffer.concat([
          ...dims.map((dim) => number(1, dim)),
          number(2, 1),
          ...(isNamed ? [bytes(8, Buffer.from(name))] : []),
          bytes(9, raw),
        ]);
      if (index % 2 === 0) return bytes(5, tensor(true));
      return bytes(1, Buffer.concat([bytes(2, Buffer.from(name)), bytes(5, bytes(5, tensor(false)))]));
    }),
  );
  const attribute = (name: string, graph: Buffer) =>
    bytes(5, Buffer.concat([bytes(1, Buffer.from(name)), bytes(6, graph)]));
  const node = Buffer.concat([attribute("then_branch", branch), attribute("else_branch", Buffer.alloc(0))]);
  return bytes(7, bytes(1, node));
}

/** The ggml file of the network. */
export function speechFile(tensors = loudnessNetwork()): Buffer {
  return sileroFile(onnxOf(tensors), [6, 2, 0]);
}

/** A package that carries a model, and how the catalog would know it. */
export function speechPackage(onnx = onnxOf(loudnessNetwork())): { archive: Buffer; entry: SpeechEntry } {
  const member = "package/dist/model.onnx";
  const tar = Buffer.concat([
    tarEntry("package/other.js", Buffer.from("//")),
    tarEntry(member, onnx),
    Buffer.alloc(1024),
  ]);
  const archive = gzipSync(tar);
  const sha = (algorithm: string, data: Buffer) => createHash(algorithm).update(data).digest("hex");
  const file = speechFile();
  const entry: SpeechEntry = {
    id: "silero-vad",
    file: "ggml-silero-vad.bin",
    bytes: file.length,
    sha256: sha("sha256", file),
    version: [6, 2, 0],
    package: { source: "", file: "vad.tgz", bytes: archive.length, sha512: sha("sha512", archive), member },
  };
  return { archive, entry };
}

function varint(value: number): Buffer {
  const out: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...out, rest]);
    out.push((rest % 128) + 128);
  }
}

function number(field: number, value: number): Buffer {
  return Buffer.concat([varint(field * 8), varint(value)]);
}

function bytes(field: number, value: Buffer): Buffer {
  return Buffer.concat([varint(field * 8 + 2), varint(value.length), value]);
}

function tarEntry(name: string, data: Buffer): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write(`${data.length.toString(8).padStart(11, "0")} `, 124);
  return Buffer.concat([header, data, Buffer.alloc((512 - (data.length % 512)) % 512)]);
}
