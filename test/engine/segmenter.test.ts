import assert from "node:assert/strict";
import { test } from "node:test";
import { segmentTokens } from "../../src/engine/segmenter.js";

const BEGIN = 1000;
const at = (sec: number) => BEGIN + sec * 50;

test("timestamps that meet close one segment and open the next", () => {
  const { segments, advanceFrames } = segmentTokens([at(0), 1, 2, at(2), at(3), 3, at(5)], BEGIN, 3000);
  assert.deepEqual(segments, [
    { startStep: 0, endStep: 100, tokens: [at(0), 1, 2, at(2)] },
    { startStep: 150, endStep: 250, tokens: [at(3), 3, at(5)] },
  ]);
  assert.equal(advanceFrames, 3000);
});

test("a segment left open at the end is heard again from its start", () => {
  const { segments, advanceFrames } = segmentTokens([at(0), 1, at(20), at(22)], BEGIN, 3000);
  assert.deepEqual(
    segments.map(({ startStep, endStep }) => [startStep, endStep]),
    [[0, 1000]],
  );
  assert.equal(advanceFrames, 2000);
});

test("text without a closing timestamp reaches to the end of what was heard", () => {
  const { segments, advanceFrames } = segmentTokens([at(1), 1, 2], BEGIN, 800);
  assert.deepEqual(segments, [{ startStep: 50, endStep: 400, tokens: [at(1), 1, 2] }]);
  assert.equal(advanceFrames, 800);
});

test("a model without timestamps gives one segment", () => {
  const { segments } = segmentTokens([1, 2, 3], BEGIN, 500);
  assert.deepEqual(segments, [{ startStep: 0, endStep: 250, tokens: [1, 2, 3] }]);
});

test("nothing said is one empty stretch, and the walk goes on", () => {
  assert.equal(segmentTokens([at(0)], BEGIN, 700).advanceFrames, 700);
  assert.equal(segmentTokens([], BEGIN, 700).advanceFrames, 700);
});

test("the walk through a window always goes forward by a second or more", () => {
  for (let round = 0; round < 500; round++) {
    const tokens = Array.from({ length: Math.floor(Math.random() * 12) }, () =>
      Math.random() < 0.5 ? BEGIN + Math.floor(Math.random() * 1501) : Math.floor(Math.random() * BEGIN),
    );
    const { advanceFrames } = segmentTokens(tokens, BEGIN, 3000);
    assert.ok(advanceFrames >= 100, `${tokens} advanced by ${advanceFrames}`);
  }
});
