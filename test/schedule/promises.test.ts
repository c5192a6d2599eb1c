import assert from "node:assert/strict";
import { test } from "node:test";
import { Promises } from "../../src/schedule/promises.js";

const at = (nowMs: number) => ({ nowMs, isFounded: true });

test("the first room is the first second from one on that fewer were told than may come at once", () => {
  const promises = new Promises();
  assert.equal(promises.firstRoom(1000, 1), 1000);
  for (const toldMs of [3000, 1000, 1400, 2000]) promises.make(`${toldMs}`, toldMs, at(0));
  assert.equal(promises.firstRoom(1000, 1), 4000);
  assert.equal(promises.firstRoom(1000, 2), 2000, "1000 and 1400 are much the same moment");
  assert.equal(promises.firstRoom(1000, 3), 1000);
  assert.equal(promises.firstRoom(700, 1), 3700, "whole seconds from its own moment on");
});

test("a promise is taken once, by its client, when it is due, and given up when he is late", () => {
  const promises = new Promises();
  promises.make("a", 4000, at(0));
  promises.make("b", 1000, { nowMs: 0, isFounded: false });
  assert.equal(promises.open(1500), 2);
  assert.equal(promises.take("b", 1500)?.isFounded, false);
  assert.equal(promises.take("b", 1500), undefined);
  assert.equal(promises.take("a", 3999), undefined);
  assert.equal(promises.open(5000), 1);
  assert.equal(promises.open(5001), 0, "a quarter later");
});

test("the room among a hundred thousand promises is found in a moment", () => {
  const promises = new Promises();
  for (let index = 0; index < 100_000; index++) promises.make(`${index}`, 1000 * (index + 1), at(0));
  const before = process.cpuUsage();
  assert.equal(promises.firstRoom(1000, 1), 100_001_000);
  assert.ok(process.cpuUsage(before).user < 1_000_000);
});
