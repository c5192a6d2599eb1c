/** A field of a protobuf message: its number, and its value as the wire has it. */
export interface WireField {
  number: number;
  /** A varint or fixed-size number; of 64 bits what a double holds. */
  value: number;
  /** Of a length-delimited field: text, bytes or a message within. */
  bytes: Buffer;
}

const EMPTY = Buffer.alloc(0);
const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;

/**
 * Reads the fields of one message (https://protobuf.dev/programming-guides/encoding).
 * @throws RangeError when the message is cut short or no message
 */
export function* wireFields(message: Buffer): Generator<WireField> {
  const reader = new WireReader(message);
  while (!reader.isAtEnd) {
    const tag = reader.varint();
    const number = Math.floor(tag / 8);
    switch (tag % 8) {
      case VARINT:
        yield { number, value: reader.varint(), bytes: EMPTY };
        break;
      case FIXED64:
        yield { number, value: 0, bytes: reader.take(8) };
        break;
      case LENGTH_DELIMITED:
        yield { number, value: 0, bytes: reader.take(reader.varint()) };
        break;
      case FIXED32:
        yield { number, value: 0, bytes: reader.take(4) };
        break;
      default:
        throw new RangeError(`unknown wire type ${tag % 8}`);
    }
  }
}

/** The numbers of a repeated varint field, as one packed field holds them. */
export function packedVarints(bytes: Buffer): number[] {
  const reader = new WireReader(bytes);
  const numbers: number[] = [];
  while (!reader.isAtEnd) numbers.push(reader.varint());
  return numbers;
}

class WireReader {
  readonly #bytes: Buffer;
  #offset = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#offset >= this.#bytes.length;
  }

  varint(): number {
    let value = 0;
    for (let factor = 1; factor < 2 ** 70; factor *= 128) {
      const byte = this.#bytes[this.#offset++];
      if (byte === undefined) throw new RangeError("the message is cut short");
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
    throw new RangeError("a number is longer than 64 bits");
  }

  take(length: number): Buffer {
    const end = this.#offset + length;
    if (end > this.#bytes.length) throw new RangeError("the message is cut short");
    const taken = this.#bytes.subarray(this.#offset, end);
    this.#offset = end;
    return taken;
  }
}
