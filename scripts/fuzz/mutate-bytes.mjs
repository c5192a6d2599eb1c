import { tellingInt32 } from "./random.mjs";

/**
 * Changes that need no knowledge of a format. Each takes bytes and gives other bytes; the given ones stay as they are.
 * `reach` says how far from the beginning the change may lie: headers stand there.
 * @typedef {{ random: import("./random.mjs").Random, reach: number, other: Buffer }} Setting
 * @type {Record<string, (bytes: Buffer, setting: Setting) => Buffer>}
 */
export const BYTE_MUTATIONS = {
  "bits flipped": (bytes, { random, reach }) => {
    const changed = Buffer.from(bytes);
    for (let flips = random.pick([1, 1, 2, 4, 16, 64]); flips > 0; flips--) {
      const at = random.below(reach);
      changed[at] = /** @type {number} */ (changed[at]) ^ (1 << random.below(8));
    }
    return changed;
  },
  "an int overwritten": (bytes, { random, reach }) => {
    const changed = Buffer.from(bytes);
    const at = random.below(Math.max(1, reach - 4));
    if (random.below(2) === 0) changed.writeInt32LE(tellingInt32(random), at);
    else changed.writeInt32BE(tellingInt32(random), at);
    return changed;
  },
  "cut short": (bytes, { random, reach }) => Buffer.from(bytes.subarray(0, random.below(reach))),
  "junk appended": (bytes, { random }) => Buffer.concat([bytes, random.bytes(random.pick([1, 4, 12, 100, 5000]))]),
  "junk before": (bytes, { random }) => Buffer.concat([random.bytes(random.pick([1, 4, 12, 100, 5000])), bytes]),
  "a stretch deleted": (bytes, { random, reach }) => {
    const start = random.below(reach);
    return Buffer.concat([bytes.subarray(0, start), bytes.subarray(start + random.pick([1, 2, 4, 64, 1000]))]);
  },
  "a stretch repeated": (bytes, { random, reach }) => {
    const start = random.below(reach);
    const stretch = bytes.subarray(start, start + random.pick([1, 4, 64, 1000]));
    return Buffer.concat([bytes.subarray(0, start), stretch, bytes.subarray(start)]);
  },
  "a stretch of one value": (bytes, { random, reach }) => {
    const start = random.below(reach);
    const value = random.pick([0, 0xff, 0x7f, 0x80]);
    return Buffer.from(bytes).fill(value, start, Math.min(bytes.length, start + random.pick([4, 16, 256, 4096])));
  },
  "a stretch of another file": (bytes, { random, reach, other }) => {
    const changed = Buffer.from(bytes);
    const from = random.below(Math.min(other.length, reach));
    other.copy(changed, random.below(reach), from, from + random.pick([4, 64, 1000, 20_000]));
    return changed;
  },
  "the head of one, the tail of another": (bytes, { random, reach, other }) =>
    Buffer.concat([bytes.subarray(0, random.below(reach)), other.subarray(random.below(other.length))]),
};

/**
 * One to three changes, one after the other.
 * @param {Buffer} bytes
 * @param {{ random: import("./random.mjs").Random, other: Buffer, headBytes: number }} setting
 */
export function mutateBytes(bytes, { random, other, headBytes }) {
  const names = Object.keys(BYTE_MUTATIONS);
  /** @type {string[]} */
  const done = [];
  let changed = bytes;
  for (let left = random.pick([1, 1, 1, 2, 3]); left > 0 && changed.length > 8; left--) {
    const name = random.pick(names);
    // Half of them in the head, where a byte decides more.
    const reach = random.below(2) === 0 ? Math.min(headBytes, changed.length) : changed.length;
    changed = /** @type {(typeof BYTE_MUTATIONS)[string]} */ (BYTE_MUTATIONS[name])(changed, { random, reach, other });
    done.push(name);
  }
  return { bytes: changed, what: done.join(", ") };
}
