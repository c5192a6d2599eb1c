import assert from "node:assert/strict";
import { test } from "node:test";
import { halfBits } from "../../src/catalog/half-float.js";

/** The number that 16 bits stand for (IEEE 754). */
function valueOfHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}

test("every half float is itself", () => {
  for (let bits = 0; bits < 0x10000; bits++) {
    const value = valueOfHalf(bits);
    if (!Number.isNaN(value)) assert.equal(halfBits(value), bits);
  }
});

test("between two half floats the nearer is taken, and in the middle the even one", () => {
  for (let bits = 0; bits < 0x7bff; bits++) {
    const [below, above] = [valueOfHalf(bits), valueOfHalf(bits + 1)];
    const middle = (below + above) / 2;
    assert.equal(halfBits(middle), bits % 2 === 0 ? bits : bits + 1);
    assert.equal(halfBits(-middle), 0x8000 | (bits % 2 === 0 ? bits : bits + 1));
    assert.equal(halfBits(Math.fround(middle * (1 - 2 ** -22))), bits);
    assert.equal(halfBits(Math.fround(middle * (1 + 2 ** -22))), bits + 1);
  }
});

test("what is too large is infinite, what is too small is nothing, and what is no number stays none", () => {
  assert.equal(halfBits(65_520), 0x7c00);
  assert.equal(halfBits(-1e30), 0xfc00);
  assert.equal(halfBits(Number.POSITIVE_INFINITY), 0x7c00);
  assert.equal(halfBits(1e-40), 0);
  assert.equal(halfBits(-1e-40), 0x8000);
  assert.ok(Number.isNaN(valueOfHalf(halfBits(Number.NaN))));
});
