import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Turns } from "../../src/schedule/turns.js";

/** A signal of its own for each task, as each request has. */
const never = () => new AbortController().signal;

test("a short request finishes while a long one is still at work", async () => {
  const turns = new Turns(1);
  const order: string[] = [];
  const submit = (name: string, count: number) => {
    const ticket = turns.ticket();
    return Promise.all(
      Array.from({ length: count }, (_, index) =>
        turns.run(ticket, never(), async () => {
          await sleep(1);
          order.push(`${name}${index}`);
        }),
      ),
    );
  };
  await Promise.all([submit("long", 5), submit("short", 1), submit("other", 2)]);
  assert.deepEqual(order, ["long0", "long1", "short0", "other0", "long2", "other1", "long3", "long4"]);
});

test("no more tasks run at once than there are slots", async () => {
  const turns = new Turns(3);
  let running = 0;
  let most = 0;
  const tickets = Array.from({ length: 20 }, () => turns.ticket());
  await Promise.all(
    tickets.map((ticket) =>
      turns.run(ticket, never(), async () => {
        most = Math.max(most, ++running);
        await sleep(1);
        running--;
      }),
    ),
  );
  assert.equal(most, 3);
});

test("a request that leaves while it waits never runs, and its turn goes to the next", async () => {
  const turns = new Turns(1);
  const leaving = new AbortController();
  const ran: string[] = [];
  const first = turns.run(turns.ticket(), never(), () => sleep(5));
  const gone = turns.run(turns.ticket(), leaving.signal, async () => ran.push("gone"));
  const next = turns.run(turns.ticket(), never(), async () => ran.push("next"));
  leaving.abort(new Error("left"));
  await assert.rejects(gone, /left/);
  await Promise.all([first, next]);
  assert.deepEqual(ran, ["next"]);
});

test("a slot is free again after a task that fails", async () => {
  const turns = new Turns(1);
  const ticket = turns.ticket();
  await assert.rejects(
    turns.run(ticket, never(), () => Promise.reject(new Error("broke"))),
    /broke/,
  );
  assert.equal(await turns.run(ticket, never(), async () => 7), 7);
});
