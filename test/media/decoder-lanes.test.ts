import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { DecoderLanes } from "../../src/media/decoder-lanes.js";

const never = () => new AbortController().signal;
const SHORT = { owner: "a", expectedMs: 5000 };
const LONG = { owner: "a", expectedMs: 3_600_000 };

/** Decodings that end when they are told to, and the order in which they began. */
function decodings(lanes: DecoderLanes) {
  const began: string[] = [];
  const ends = new Map<string, () => void>();
  const start = (name: string, what: { owner: string; expectedMs: number }, signal = never()) =>
    lanes.run(what, signal, async (makeWay) => {
      began.push(name);
      await new Promise<void>((resolve) => ends.set(name, resolve));
      return makeWay.aborted;
    });
  return { began, start, end: (name: string) => ends.get(name)?.() };
}

test("short ones never wait for long ones, which make way from the start", async () => {
  const { began, start, end } = decodings(new DecoderLanes(1));
  const long = start("long", LONG);
  void start("longer", LONG);
  const short = start("short", SHORT);
  assert.deepEqual(began, ["long", "short"]);
  end("short");
  assert.equal(await short, false);
  end("long");
  assert.equal(await long, true);
  await sleep(0);
  assert.deepEqual(began, ["long", "short", "longer"]);
});

test("owners take turns, however many one has waiting", async () => {
  const { began, start, end } = decodings(new DecoderLanes(1));
  const all = ["a0", "a1", "a2", "b0"].map((name) => start(name, { owner: name[0] as string, expectedMs: 0 }));
  for (const name of ["a0", "a1", "b0", "a2"]) {
    end(name);
    await sleep(1);
  }
  await Promise.all(all);
  assert.deepEqual(began, ["a0", "a1", "b0", "a2"]);
});

test("what takes long, whatever was expected, goes over to the long ones as soon as there is room", async () => {
  const { began, start, end } = decodings(new DecoderLanes(1, 10));
  void start("long", LONG);
  const slow = start("slow", SHORT);
  void start("next", SHORT);
  await sleep(40);
  assert.deepEqual(began, ["long", "slow"], "there is no room for it");
  end("long");
  await sleep(1);
  assert.deepEqual(began, ["long", "slow", "next"]);
  end("slow");
  assert.equal(await slow, true);
});

test("a long one makes way when it can, and a short one is not even asked", async () => {
  const lanes = new DecoderLanes(1);
  let [can, asked] = [false, 0];
  const canMakeWay = () => {
    asked++;
    return can;
  };
  const states: boolean[] = [];
  let end = () => {};
  const long = lanes.run({ ...LONG, canMakeWay }, never(), async (makeWay) => {
    states.push(makeWay.aborted);
    const isAsked = new Promise<void>((resolve) => makeWay.addEventListener("abort", () => resolve()));
    can = true;
    await isAsked;
    states.push(makeWay.aborted);
    await new Promise<void>((resolve) => (end = resolve));
  });
  while (states.length < 2) await sleep(10);
  end();
  await long;
  assert.deepEqual(states, [false, true]);
  assert.equal(asked, 2, "not again once it makes way");
  const neverAsked = () => assert.fail("it is short");
  await lanes.run({ ...SHORT, canMakeWay: neverAsked }, never(), async () => {});
});

test("one that leaves while it waits never begins", async () => {
  const { began, start, end } = decodings(new DecoderLanes(1));
  void start("first", SHORT);
  const leaving = new AbortController();
  const gone = start("gone", SHORT, leaving.signal);
  const last = start("last", SHORT);
  leaving.abort(new Error("left"));
  await assert.rejects(gone, /left/);
  end("first");
  await sleep(1);
  end("last");
  await last;
  assert.deepEqual(began, ["first", "last"]);
});
