/**
 * Where everything stands in a right model file.
 * @typedef {{ name: string, start: number, weights: number, end: number, dimCount: number }} TensorPlace
 * @typedef {{ ints: { name: string, at: number }[], filters: { start: number, end: number },
 *   tokens: { start: number, end: number }[], tensors: TensorPlace[] }} ModelLayout
 */

const HEADER = [
  ...["magic", "n_vocab", "n_audio_ctx", "n_audio_state", "n_audio_head", "n_audio_layer"],
  ...["n_text_ctx", "n_text_state", "n_text_head", "n_text_layer", "n_mels", "ftype", "filters.n_mel", "filters.n_fft"],
];

/**
 * @param {Buffer} bytes of a file that the walk accepts
 * @param {(type: number, elementCount: number) => number} byteLength of weights
 * @returns {ModelLayout}
 */
export function layOut(bytes, byteLength) {
  const ints = HEADER.map((name, index) => ({ name, at: index * 4 }));
  let at = HEADER.length * 4;
  const filterBytes = bytes.readInt32LE(at - 8) * bytes.readInt32LE(at - 4) * 4;
  const filters = { start: at, end: at + filterBytes };
  at = filters.end;
  ints.push({ name: "vocabulary size", at });
  const tokens = [];
  const tokenCount = bytes.readInt32LE(at);
  at += 4;
  for (let token = 0; token < tokenCount; token++) {
    const end = at + 4 + bytes.readInt32LE(at);
    tokens.push({ start: at, end });
    at = end;
  }
  const tensors = [];
  while (at < bytes.length) {
    const dimCount = bytes.readInt32LE(at);
    const nameBytes = bytes.readInt32LE(at + 4);
    const nameStart = at + 12 + 4 * dimCount;
    let elementCount = 1;
    for (let dim = 0; dim < dimCount; dim++) elementCount *= bytes.readInt32LE(at + 12 + 4 * dim);
    const weights = nameStart + nameBytes;
    const end = weights + byteLength(bytes.readInt32LE(at + 8), elementCount);
    tensors.push({ name: bytes.toString("latin1", nameStart, weights), start: at, weights, end, dimCount });
    at = end;
  }
  return { ints, filters, tokens, tensors };
}
