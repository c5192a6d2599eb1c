import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { SottoError } from "../../src/core/errors.js";
import type { Engine } from "../../src/engine/engine.js";
import { type EngineModel, type Lease, ResidentEngines } from "../../src/schedule/resident-engines.js";

const never = new AbortController().signal;
const MIB = 1024 ** 2;

function model(id: string, mib: number, stamp = "1"): EngineModel {
  return { id, path: `/models/${id}`, stamp, bytes: mib * MIB, sessionBytes: 0, batchedWindowBytes: 0 };
}

/** Engines that only note their coming and going; stopping one takes a moment, as it does. */
function residents(limitMib: number, keepAliveMs = Number.POSITIVE_INFINITY, takenMib = () => 0) {
  const events: string[] = [];
  const engines = new ResidentEngines({
    createEngine: ({ id, stamp }) => {
      events.push(`+${id}${stamp === "1" ? "" : `@${stamp}`}`);
      const stop = async () => {
        events.push(`-${id}${stamp === "1" ? "" : `@${stamp}`}`);
        await sleep(2);
      };
      return { residentBytes: 0, stop } as unknown as Engine;
    },
    estimateBytes: ({ bytes }) => bytes,
    limitBytes: limitMib * MIB,
    takenBytes: () => takenMib() * MIB,
    keepAliveMs,
  });
  return { engines, events };
}

const isSettled = async (promise: Promise<unknown>) => {
  let settled = false;
  void promise.then(() => {
    settled = true;
  });
  await sleep(10);
  return settled;
};

test("requests for one model share its engine", async () => {
  const { engines, events } = residents(100);
  const leases = await Promise.all([engines.lease(model("a", 60), never), engines.lease(model("a", 60), never)]);
  assert.equal(leases[0]?.engine, leases[1]?.engine);
  assert.deepEqual(events, ["+a"]);
});

test("several models stay within the limit, and the least recently used goes first", async () => {
  const { engines, events } = residents(100);
  for (const id of ["a", "b", "c", "a"]) (await engines.lease(model(id, 30), never)).release();
  (await engines.lease(model("d", 30), never)).release();
  assert.deepEqual(events, ["+a", "+b", "+c", "-b", "+d"]);
});

test("what else takes memory leaves less for models, but keeps none out that is alone", async () => {
  let taken = 0;
  const { engines, events } = residents(100, Number.POSITIVE_INFINITY, () => taken);
  for (const id of ["a", "b"]) (await engines.lease(model(id, 30), never)).release();
  taken = 60;
  (await engines.lease(model("c", 30), never)).release();
  assert.deepEqual(events, ["+a", "+b", "-a", "-b", "+c"]);
  (await engines.lease(model("d", 90), never)).release();
  assert.deepEqual(events.slice(5), ["-c", "+d"]);
});

test("an engine in use is never taken away: who needs its room waits until it is released", async () => {
  const { engines, events } = residents(100);
  const held = await engines.lease(model("a", 60), never);
  const waiting = engines.lease(model("b", 60), never);
  assert.equal(await isSettled(waiting), false);
  assert.deepEqual(events, ["+a"]);
  held.release();
  await waiting;
  assert.deepEqual(events, ["+a", "-a", "+b"]);
});

test("a busy model cannot keep another one out for ever: its next requests wait behind the one that waits", async () => {
  const { engines, events } = residents(100);
  const held = await engines.lease(model("a", 60), never);
  const order: string[] = [];
  const take = (id: string) =>
    engines.lease(model(id, 60), never).then((lease: Lease) => {
      order.push(id);
      return lease;
    });
  const [b, a] = [take("b"), take("a")];
  await sleep(5);
  held.release();
  (await b).release();
  (await a).release();
  assert.deepEqual(order, ["b", "a"]);
  assert.deepEqual(events, ["+a", "-a", "+b", "-b", "+a"]);
});

test("a model that alone exceeds the limit is refused with both numbers, and others go on", async () => {
  const { engines } = residents(100);
  await assert.rejects(engines.lease(model("huge", 200), never), (error: SottoError) => {
    assert.equal(error.code, "engine_unavailable");
    assert.match(error.message, /about 200 MiB.*--memory-limit is 100 MiB/);
    return true;
  });
  await engines.lease(model("a", 60), never);
});

test("a request that leaves while it waits gives its turn on", async () => {
  const { engines } = residents(100);
  const held = await engines.lease(model("a", 60), never);
  const gone = new AbortController();
  const first = engines.lease(model("b", 60), gone.signal);
  const second = engines.lease(model("c", 60), never);
  gone.abort(new Error("left"));
  await assert.rejects(first, /left/);
  held.release();
  await second;
});

test("a model whose file changed gets a new engine; the old one finishes what it has", async () => {
  const { engines, events } = residents(200);
  const old = await engines.lease(model("a", 60), never);
  const renewed = await engines.lease(model("a", 60, "2"), never);
  assert.notEqual(old.engine, renewed.engine);
  assert.deepEqual(events, ["+a", "+a@2"]);
  old.release();
  await sleep(5);
  assert.deepEqual(events, ["+a", "+a@2", "-a"]);
});

test("an unused engine goes after the keep-alive, counted from its last use", async () => {
  const { engines, events } = residents(100, 40);
  for (let use = 0; use < 5; use++) {
    const lease = await engines.lease(model("a", 60), never);
    await sleep(15);
    lease.release();
    await sleep(15);
  }
  assert.deepEqual(events, ["+a"]);
  await sleep(40);
  assert.deepEqual(events, ["+a", "-a"]);
  assert.equal(engines.engineOf("/models/a"), undefined);
});

test("a keep-alive of 0 unloads at once, and a release counts once however often it is called", async () => {
  const { engines, events } = residents(100, 0);
  const [one, two] = [await engines.lease(model("a", 60), never), await engines.lease(model("a", 60), never)];
  one.release();
  one.release();
  assert.deepEqual(events, ["+a"]);
  two.release();
  assert.deepEqual(events, ["+a", "-a"]);
});

test("closing ends every engine and refuses those that wait", async () => {
  const { engines, events } = residents(100);
  await engines.lease(model("a", 60), never);
  const waiting = engines.lease(model("b", 60), never);
  const refused = assert.rejects(waiting, (error: SottoError) => error.code === "shutting_down");
  await engines.close();
  await refused;
  await assert.rejects(engines.lease(model("a", 60), never), (error: SottoError) => error.code === "shutting_down");
  assert.deepEqual(events, ["+a", "-a"]);
});
