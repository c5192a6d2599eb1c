import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ByteRate } from "../../src/schedule/audio-length.js";
import { MAKES_WAY } from "../../src/schedule/fair-order.js";
import { Speed } from "../../src/schedule/speed.js";
import { Ticket } from "../../src/schedule/ticket.js";
import { Turns } from "../../src/schedule/turns.js";
import { Chance } from "../support/chance.js";
import { median, SimulatedLoad, type SimulatedOutcome } from "./simulated-load.js";

/** A signal of its own for each task, as each request has. */
const never = () => new AbortController().signal;
const ticket = () => new Ticket("", 0, { rate: new ByteRate(), speed: new Speed(1) });
const turn = <Result>(task: () => Promise<Result>) => ({ audioMs: 1000, endMs: 1000, task });

const HOUR_SEC = 3600;

test("a dictation never waits for an hour's file, at most for the window that runs", async () => {
  for (const files of [1, 3, 100]) {
    const load = new SimulatedLoad(1);
    const long = Array.from({ length: files }, () => load.send({ audioSec: HOUR_SEC, windowMs: 1000 }));
    const dictations = [3500, 4200, 40_100, 90_700].map((atMs) => load.send({ atMs, audioSec: 5, windowMs: 400 }));
    await load.run();
    for (const { beganMs, atMs } of await Promise.all(dictations)) {
      assert.ok(beganMs - atMs <= 1400, `${beganMs - atMs} ms beside ${files} files`);
    }
    await Promise.all(long);
  }
});

test("files take turns among themselves, and a short one is done long before a long one that came first", async () => {
  const load = new SimulatedLoad(1);
  const hour = load.send({ audioSec: HOUR_SEC, windowMs: 1000 });
  const minutes = load.send({ atMs: 10, audioSec: 280, windowMs: 1000 });
  await load.run();
  assert.ok((await minutes).endMs <= 22_000, `ten windows: ${(await minutes).endMs} ms`);
  assert.equal((await hour).endMs, 139_000);
});

test("an owner's many requests are one owner's", async () => {
  const load = new SimulatedLoad(1);
  const many = Array.from({ length: 50 }, () => load.send({ owner: "a", audioSec: 20, windowMs: 1000 }));
  const few = Array.from({ length: 5 }, () => load.send({ owner: "b", atMs: 500, audioSec: 20, windowMs: 1000 }));
  await load.run();
  const last = Math.max(...(await Promise.all(few)).map(({ endMs }) => endMs));
  assert.ok(last <= 12_000, `five of b's among ten: ${last} ms`);
  await Promise.all(many);
});

/** Clients that send a clip as soon as they have the answer to the one before. */
async function beside(file: { owner: string } | undefined, clipOwner: (client: number) => string) {
  const load = new SimulatedLoad(1);
  const waits: number[] = [];
  // Of a share of one in 65 a window more or less must not matter.
  const untilMs = 6_000_000;
  const clients = Array.from({ length: 64 }, async (_, client) => {
    await load.until(client);
    while (load.nowMs < untilMs) {
      const clip = await load.send({ owner: clipOwner(client), audioSec: 5, windowMs: 500 });
      waits.push(clip.endMs - clip.atMs);
      await load.until(load.nowMs + 5);
    }
  });
  const long = file && load.send({ ...file, atMs: 20_000, audioSec: 40 * HOUR_SEC, windowMs: 1000 });
  await load.run(untilMs);
  const shareUntil = load.nowMs;
  await load.run();
  await Promise.all(clients);
  const outcome = await long;
  const duringMs = (outcome?.startsMs ?? []).filter((ms) => ms < shareUntil).length * 1000;
  return { medianMs: median(waits), share: duringMs / (shareUntil - 20_000) };
}

for (const [what, fileOwner, clipOwner, fairShare] of [
  ["nobody has a key", "", () => "", 1 / 65],
  ["clips and file have a key each", "file", () => "clips", 1 / 2],
  ["every client has its own key", "file", (client: number) => `client ${client}`, 1 / 65],
] as [string, string, (client: number) => string, number][]) {
  test(`64 clients beside a file, ${what}: clips wait at most twice as long, the file keeps its share`, async () => {
    const without = await beside(undefined, clipOwner);
    const { medianMs, share } = await beside({ owner: fileOwner }, clipOwner);
    assert.ok(medianMs <= 2 * without.medianMs, `${medianMs} against ${without.medianMs} ms`);
    assert.ok(share >= fairShare / 1.3, `${share} of ${fairShare}`);
    assert.ok(share <= fairShare * 1.1, `${share} of ${fairShare}`);
  });
}

test("whatever comes, each request finishes, and none falls behind by more than it makes way", async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const chance = new Chance(seed);
    const slots = 1 + chance.below(3);
    const load = new SimulatedLoad(slots);
    const requests: Promise<SimulatedOutcome>[] = [];
    const owners = 1 + chance.below(4);
    let longestMs = 0;
    for (let count = 40 + chance.below(80); count > 0; count--) {
      const windowMs = 200 + chance.below(1500);
      longestMs = Math.max(longestMs, windowMs);
      const audioSec = chance.below(4) === 0 ? 60 + chance.below(2000) : 1 + chance.below(28);
      const owner = `owner ${chance.below(owners)}`;
      requests.push(load.send({ owner, atMs: chance.below(120_000), audioSec, windowMs }));
    }
    await load.run();
    let totalMs = 0;
    for (const {
      ticket: { owedMs, hadMs, audio },
      startsMs,
    } of await Promise.all(requests)) {
      totalMs += hadMs;
      assert.equal(audio.leftMs, 0);
      const behindMs = (1 - MAKES_WAY) * owedMs - hadMs;
      const allowedMs = 4 * longestMs;
      assert.ok(behindMs <= allowedMs, `seed ${seed}: behind by ${behindMs} ms after ${startsMs.length} windows`);
    }
    assert.ok(totalMs <= slots * load.nowMs + 1);
  }
});

test("no more tasks run at once than there are slots", async () => {
  const turns = new Turns(3);
  let running = 0;
  let most = 0;
  await Promise.all(
    Array.from({ length: 20 }, () =>
      turns.run(
        ticket(),
        never(),
        turn(async () => {
          most = Math.max(most, ++running);
          await sleep(1);
          running--;
        }),
      ),
    ),
  );
  assert.equal(most, 3);
  assert.deepEqual(turns.windows, { running: 0, waiting: 0 });
});

test("a request that leaves while it waits never runs, and its turn goes to the next", async () => {
  const turns = new Turns(1);
  const leaving = new AbortController();
  const ran: string[] = [];
  const first = turns.run(
    ticket(),
    never(),
    turn(() => sleep(5)),
  );
  const gone = turns.run(
    ticket(),
    leaving.signal,
    turn(async () => ran.push("gone")),
  );
  const next = turns.run(
    ticket(),
    never(),
    turn(async () => ran.push("next")),
  );
  leaving.abort(new Error("left"));
  await assert.rejects(gone, /left/);
  await Promise.all([first, next]);
  assert.deepEqual(ran, ["next"]);
});

test("a slot is free again after a task that fails, and nothing is learnt from it", async () => {
  const turns = new Turns(1);
  const one = ticket();
  await assert.rejects(
    turns.run(
      one,
      never(),
      turn(() => Promise.reject(new Error("broke"))),
    ),
    /broke/,
  );
  assert.equal(one.speed.isMeasured, false);
  assert.equal(
    await turns.run(
      one,
      never(),
      turn(async () => 7),
    ),
    7,
  );
  assert.equal(one.speed.isMeasured, true);
});
