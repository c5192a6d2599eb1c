import { mutateBytes } from "./mutate-bytes.mjs";
import { tellingInt32 } from "./random.mjs";

/**
 * Changes that know where things stand in a model file.
 * @typedef {import("./random.mjs").Random} Random
 * @typedef {import("./model-layout.mjs").ModelLayout} ModelLayout
 * @typedef {{ bytes: Buffer, layout: ModelLayout }} Model
 * @type {Record<string, (model: Model, random: Random) => Buffer>}
 */
const MODEL_MUTATIONS = {
  "a header field": ({ bytes, layout }, random) => withInt(bytes, random.pick(layout.ints).at, tellingInt32(random)),
  "two header fields": ({ bytes, layout }, random) =>
    withInt(
      withInt(bytes, random.pick(layout.ints).at, tellingInt32(random)),
      random.pick(layout.ints).at,
      tellingInt32(random),
    ),
  "a bit of the header": ({ bytes, layout }, random) => {
    const changed = Buffer.from(bytes);
    const at = random.pick(layout.ints).at + random.below(4);
    changed[at] = /** @type {number} */ (changed[at]) ^ (1 << random.below(8));
    return changed;
  },
  "a mel filter": ({ bytes, layout: { filters } }, random) =>
    withInt(bytes, filters.start + 4 * random.below((filters.end - filters.start) / 4), tellingInt32(random)),
  "the length of a token": ({ bytes, layout }, random) =>
    withInt(bytes, random.pick(layout.tokens).start, random.pick([tellingInt32(random), random.below(300)])),
  "the bytes of a token": ({ bytes, layout }, random) => {
    const { start, end } = random.pick(layout.tokens);
    const changed = Buffer.from(bytes);
    random.bytes(end - start - 4).copy(changed, start + 4);
    return changed;
  },
  "a token twice": ({ bytes, layout }, random) => {
    const [one, other] = [random.pick(layout.tokens), random.pick(layout.tokens)];
    return Buffer.concat([
      bytes.subarray(0, one.start),
      bytes.subarray(other.start, other.end),
      bytes.subarray(one.end),
    ]);
  },
  "a field of a tensor": ({ bytes, layout }, random) => {
    const { start, dimCount } = random.pick(layout.tensors);
    return withInt(bytes, start + 4 * random.below(3 + dimCount), tellingInt32(random));
  },
  "the name of a tensor": ({ bytes, layout }, random) => {
    const { name, weights } = random.pick(layout.tensors);
    const changed = Buffer.from(bytes);
    changed[weights - 1 - random.below(name.length)] = random.below(256);
    return changed;
  },
  "tensors in another order": ({ bytes, layout }, random) => {
    const tensors = [...layout.tensors].sort(() => random.next() - 0.5);
    const pieces = tensors.map(({ start, end }) => bytes.subarray(start, end));
    return Buffer.concat([bytes.subarray(0, layout.tensors[0]?.start), ...pieces]);
  },
  "a tensor twice": ({ bytes, layout }, random) => {
    const { start, end } = random.pick(layout.tensors);
    return Buffer.concat([bytes.subarray(0, end), bytes.subarray(start, end), bytes.subarray(end)]);
  },
  "a tensor less": ({ bytes, layout }, random) => {
    const { start, end } = random.pick(layout.tensors);
    return Buffer.concat([bytes.subarray(0, start), bytes.subarray(end)]);
  },
  "cut at a boundary": ({ bytes, layout }, random) => {
    const { start, weights, end } = random.pick(layout.tensors);
    return Buffer.from(bytes.subarray(0, random.pick([start, weights, end - 1, end - 4, start + 4, start + 12])));
  },
  "bits of weights": ({ bytes, layout }, random) => {
    const changed = Buffer.from(bytes);
    for (let flips = random.pick([1, 10, 1000]); flips > 0; flips--) {
      const { weights, end } = random.pick(layout.tensors);
      const at = weights + random.below(end - weights);
      changed[at] = /** @type {number} */ (changed[at]) ^ (1 << random.below(8));
    }
    return changed;
  },
  "a tensor of one value": ({ bytes, layout }, random) => {
    const { weights, end } = random.pick(layout.tensors);
    // All ones is not a number in every type; 0x7c and 0x7f begin infinities and huge numbers.
    return Buffer.from(bytes).fill(random.pick([0, 0xff, 0x7c, 0x7f, 0x80]), weights, end);
  },
  "a tensor of noise": ({ bytes, layout }, random) => {
    const { weights, end } = random.pick(layout.tensors);
    const changed = Buffer.from(bytes);
    random.bytes(Math.min(end - weights, 100_000)).copy(changed, weights);
    return changed;
  },
};

/** @param {Buffer} bytes @param {number} at @param {number} value */
function withInt(bytes, at, value) {
  const changed = Buffer.from(bytes);
  changed.writeInt32LE(value, at);
  return changed;
}

/**
 * @param {Model} model
 * @param {Buffer} other
 * @param {Random} random
 * @returns {{ bytes: Buffer, what: string }}
 */
export function mutateModel(model, other, random) {
  const kind = random.below(20);
  if (kind === 0) return { bytes: model.bytes, what: "nothing changed" };
  if (kind < 5) return mutateBytes(model.bytes, { random, other, headBytes: 2000 });
  const what = random.pick(Object.keys(MODEL_MUTATIONS));
  return { bytes: /** @type {(typeof MODEL_MUTATIONS)[string]} */ (MODEL_MUTATIONS[what])(model, random), what };
}
