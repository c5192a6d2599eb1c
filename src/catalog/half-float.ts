const scratch = new DataView(new ArrayBuffer(4));

/**
 * The bits of the nearest 16-bit float, ties to even, as IEEE 754 and NumPy round. Too large a number becomes infinite.
 */
export function halfBits(value: number): number {
  scratch.setFloat32(0, value);
  const bits = scratch.getUint32(0);
  const sign = (bits >>> 16) & 0x8000;
  const exponent = (bits >>> 23) & 0xff;
  const fraction = bits & 0x7fffff;
  if (exponent === 0xff) return sign | 0x7c00 | (fraction === 0 ? 0 : 0x200);
  // 127 and 15 are the two formats' exponents of one.
  const half = exponent - 127 + 15;
  if (half >= 0x1f) return sign | 0x7c00;
  // A carry out of the fraction raises the exponent by itself.
  if (half > 0) return sign | roundShift((half << 23) | fraction, 13);
  // Below 2^-14 there is no hidden bit, and steps are all alike.
  return half < -10 ? sign : sign | roundShift(fraction | 0x800000, 14 - half);
}

/** Divides by 2 to the `bits`, rounding to the nearest, ties to even. */
function roundShift(value: number, bits: number): number {
  const quotient = Math.floor(value / 2 ** bits);
  const rest = value - quotient * 2 ** bits;
  const tie = 2 ** (bits - 1);
  return quotient + (rest > tie || (rest === tie && quotient % 2 === 1) ? 1 : 0);
}
