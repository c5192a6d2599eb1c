import assert from "node:assert/strict";
import { test } from "node:test";
import { type Attention, attentionPath } from "../../src/engine/attention-path.js";
import { Chance } from "../support/chance.js";

/** Rows of digits: how hard each token looks at each position; 0 is less than the mean of all tokens. */
function attentionOf(...rows: string[]): Attention {
  const weights = rows.flatMap((row) => [...row].map((digit) => Number(digit) - 1));
  return { rows: Float32Array.from(weights), positions: rows[0]?.length ?? 0 };
}

test("each token lies where the decoder looks while it predicts it", () => {
  const attention = attentionOf("0910000000", "0001972200", "0000000049");
  assert.deepEqual(attentionPath(attention, [0, 1, 2], 0, 10), [
    { first: 0, last: 2, peak: 1 },
    { first: 3, last: 7, peak: 4 },
    { first: 8, last: 9, peak: 9 },
  ]);
});

test("a look back at an earlier sound does not turn the order round", () => {
  const attention = attentionOf("9000000000", "0009000000", "8000000000", "0000000090");
  const peaks = attentionPath(attention, [0, 1, 2, 3], 0, 10).map(({ peak }) => peak);
  assert.deepEqual(
    peaks,
    [...peaks].sort((a, b) => a - b),
  );
  assert.equal(peaks[3], 8);
});

test("only the given rows and positions count", () => {
  const attention = attentionOf("9999999999", "9000090000", "9999999999", "0900000900");
  assert.deepEqual(attentionPath(attention, [1, 3], 2, 10), [
    { first: 2, last: 5, peak: 5 },
    { first: 6, last: 9, peak: 7 },
  ]);
});

test("whatever the weights, paths cover every token and every position in order, and peaks lie within", () => {
  const chance = new Chance(11);
  for (let round = 0; round < 400; round++) {
    const positions = 1 + chance.below(40);
    const height = 1 + chance.below(12);
    const rows = Float32Array.from({ length: height * positions }, () => chance.below(100) / 10 - 5);
    const from = chance.below(positions);
    const to = from + 1 + chance.below(positions - from);
    const places = attentionPath({ rows, positions }, [...new Array(height).keys()], from, to);
    assert.equal(places.length, height);
    assert.equal(places[0]?.first, from);
    assert.equal(places.at(-1)?.last, to - 1);
    for (const [index, { first, last, peak }] of places.entries()) {
      assert.ok(first <= peak && peak <= last, JSON.stringify(places));
      const step = first - (places[index - 1]?.last ?? first);
      assert.ok(step === 0 || step === 1, JSON.stringify(places));
    }
  }
});
