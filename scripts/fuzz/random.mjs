/**
 * The same numbers in every run: one stream per seed and index, so that a case does not depend on those before it.
 * Source: Mulberry32.
 */
export class Random {
  #state;

  /** @param {number} seed @param {number} [index] */
  constructor(seed, index = 0) {
    this.#state = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b)) | 0;
  }

  /** Any 32 bits. */
  #int32() {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return mixed ^ (mixed >>> 14);
  }

  /** From 0 to below 1. */
  next() {
    return (this.#int32() >>> 0) / 4_294_967_296;
  }

  /** A whole number from 0 to below `end`. @param {number} end */
  below(end) {
    return Math.floor(this.next() * end);
  }

  /** @param {number} first @param {number} last */
  between(first, last) {
    return first + this.below(last - first + 1);
  }

  /** @template T @param {readonly T[]} choices @returns {T} */
  pick(choices) {
    return /** @type {T} */ (choices[this.below(choices.length)]);
  }

  /** @param {number} length */
  bytes(length) {
    const words = new Int32Array(Math.ceil(length / 4));
    for (let at = 0; at < words.length; at++) words[at] = this.#int32();
    return Buffer.from(words.buffer, 0, length);
  }
}

/** Numbers at which readers of files go wrong. */
const TELLING = [
  ...[0, 1, -1, 2, 3, 4, 7, 8, 63, 64, 65, 127, 128, 255, 256, 257, 448, 449, 1023, 1500, 1501, 3000],
  ...[32_767, 32_768, 65_535, 65_536, 51_863, 51_864, 51_865, 51_866, 51_867, 1_000_000, 2_000_000_000],
  ...[0x7fffffff, -0x80000000, -0x7fffffff, 0x7fffff00, 0x20000000, 0x40000000, 0x7f800000, 0x7fc00000],
];

/** One of those, or any number. @param {Random} random */
export function tellingInt32(random) {
  return random.below(4) === 0 ? random.below(4_294_967_296) | 0 : random.pick(TELLING);
}
