import assert from "node:assert/strict";
import { test } from "node:test";
import { secondsOf, timestamp } from "../../src/render/timestamp.js";

test("times have two digits of hours, or as many as they need", () => {
  const expected: [number, string][] = [
    [0, "00:00:00.000"],
    [1, "00:00:00.001"],
    [59_999, "00:00:59.999"],
    [60_000, "00:01:00.000"],
    [3_599_999, "00:59:59.999"],
    [3_600_000, "01:00:00.000"],
    [43_200_000, "12:00:00.000"],
    [359_999_999, "99:59:59.999"],
    [360_000_000, "100:00:00.000"],
    [4_000_000_123, "1111:06:40.123"],
  ];
  for (const [ms, text] of expected) {
    assert.equal(timestamp(ms, "."), text);
    assert.equal(timestamp(ms, ","), text.replace(".", ","));
  }
});

test("a fraction of a millisecond is rounded before it is split, so nothing reads 60 seconds", () => {
  assert.equal(timestamp(59_999.7, "."), "00:01:00.000");
  assert.equal(timestamp(3_599_999.5, "."), "01:00:00.000");
});

test("a time before the start is the start", () => {
  assert.equal(timestamp(-5, ","), "00:00:00,000");
  assert.equal(secondsOf(-5), 0);
});

test("any time read back is the same time, and later times sort later", () => {
  let previous = "";
  for (let ms = 0; ms < 90 * 3_600_000; ms += 977_777) {
    const text = timestamp(ms, ".");
    const [hours = 0, minutes = 0, seconds = 0] = text.split(":").map(Number);
    assert.equal(Math.round(((hours * 60 + minutes) * 60 + seconds) * 1000), ms);
    assert.ok(text > previous && minutes < 60 && seconds < 60);
    previous = text;
  }
});

test("seconds for JSON have no more than three decimals", () => {
  for (let ms = 0; ms < 50_000_000; ms += 12_347) {
    assert.match(String(secondsOf(ms)), /^\d+(\.\d{1,3})?$/);
  }
  assert.equal(secondsOf(1234.5678), 1.235);
});
