import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { InOrder } from "../../src/schedule/in-order.js";

test("what comes in any order is handed on in its own, one at a time", async () => {
  const taken: string[] = [];
  let inHand = 0;
  const order = new InOrder<string>(async (index, item) => {
    assert.equal(++inHand, 1);
    await sleep(1);
    taken.push(`${index}${item}`);
    inHand--;
  });
  await Promise.all([order.put(2, "c"), order.put(0, "a"), order.put(3, "d"), order.put(1, "b")]);
  assert.deepEqual(taken, ["0a", "1b", "2c", "3d"]);
});

test("an item that waits for an earlier one keeps nobody, a slow taker keeps all", async () => {
  let release = () => {};
  const order = new InOrder<string>(() => new Promise((resolve) => (release = resolve)));
  await order.put(1, "b");
  let isHandedOn = false;
  const first = order.put(0, "a").then(() => {
    isHandedOn = true;
  });
  await sleep(5);
  assert.equal(isHandedOn, false);
  release();
  await sleep(5);
  release();
  await first;
});

test("a taker that fails fails whoever puts", async () => {
  const order = new InOrder<string>(() => {
    throw new Error("gone");
  });
  await assert.rejects(order.put(0, "a"), /gone/);
  await assert.rejects(order.put(1, "b"), /gone/);
});
