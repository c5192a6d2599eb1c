import assert from "node:assert/strict";
import { test } from "node:test";
import { Admission, UNBOUNDED } from "../../src/schedule/admission.js";
import { Speed } from "../../src/schedule/speed.js";
import { Chance } from "../support/chance.js";
import { SimulatedLoad } from "./simulated-load.js";

/** Clients that send clips one after another, and come back exactly when they are told to. */
interface Load {
  clients: number;
  maxQueue: number;
  slots: number;
  /** Decodings side by side, and how long each takes. */
  lanes: number;
  ffmpegMs: number;
  windowMs: number;
  seconds: number;
}

const FACTOR = 2;
const CLIP_BYTES = 15_000;

/** @returns in how many cases who came when told was let in, and what was told true (as `npm run stress:retry` counts them) */
async function overloaded({ clients, maxQueue, slots, lanes, ffmpegMs, windowMs, seconds }: Load, seed: number) {
  const chance = new Chance(seed);
  const load = new SimulatedLoad(slots);
  const bounds = { ...UNBOUNDED, maxQueue };
  const admission = new Admission({ slots, lanes, bounds, turns: load.turns, now: () => load.nowMs });
  const speed = new Speed(1000);
  const around = (ms: number) => ms * (0.6 + chance.below(800) / 1000);
  const waitFor = (ms: number) => load.until(load.nowMs + ms);

  let free = lanes;
  const decoders: (() => void)[] = [];
  const ffmpeg = async (tookMs: number) => {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => decoders.push(resolve));
    await waitFor(tookMs);
    const next = decoders.shift();
    if (next) next();
    else free++;
  };

  const answeredMs: number[] = [];
  const told: { atMs: number; toldMs: number; before: number }[] = [];
  let [kept, broken, outstanding] = [0, 0, 0];
  /** @returns how long the client is to wait; undefined: it was served */
  const send = async (who: string, decodingMs: number): Promise<number | undefined> => {
    const entered = admission.enter({ owner: "", who, bytes: CLIP_BYTES });
    if ("toError" in entered) return 1000 * (entered.toError().retryAfterSec as number);
    await waitFor(3);
    entered.arrived({ speed, bytes: CLIP_BYTES });
    await ffmpeg(decodingMs);
    entered.ticket.audio.ended(5000);
    const task = () => waitFor(around(windowMs));
    await load.turns.run(entered.ticket, new AbortController().signal, { audioMs: 4800, endMs: 4800, task });
    entered.leave();
    return undefined;
  };
  let endMs = Number.POSITIVE_INFINITY;
  const client = async (who: string) => {
    let wasTold = false;
    while (load.nowMs < endMs) {
      await waitFor(around(5));
      const decodingMs = around(ffmpegMs);
      const toldMs = await send(who, decodingMs);
      if (toldMs === undefined) answeredMs.push(load.nowMs);
      if (wasTold && toldMs === undefined) kept++;
      if (wasTold && toldMs !== undefined) broken++;
      wasTold = toldMs !== undefined;
      if (toldMs === undefined) continue;
      told.push({ atMs: load.nowMs, toldMs, before: outstanding });
      outstanding++;
      await waitFor(toldMs);
      outstanding--;
    }
  };
  const all = async () => {
    // One after another first: each takes half as long as when the machine is busy.
    for (let warm = 0; warm < 5; warm++) await send("warm", around(ffmpegMs) / 2);
    endMs = load.nowMs + 1000 * seconds;
    await Promise.all(Array.from({ length: clients }, (_, index) => client(`client ${index}`)));
  };
  const done = all();
  await load.run();
  await done;

  const judged = told.flatMap(({ atMs, toldMs, before }) => {
    const placeMs = answeredMs.filter((ms) => ms > atMs)[before];
    return placeMs === undefined || placeMs > endMs ? [] : [{ toldMs, trueMs: placeMs - atMs }];
  });
  const isTrue = ({ toldMs, trueMs }: { toldMs: number; trueMs: number }) =>
    toldMs >= trueMs / FACTOR && toldMs <= Math.max(FACTOR * trueMs, trueMs + 1000);
  return {
    kept: kept / (kept + broken),
    isTrue: judged.filter(isTrue).length / judged.length,
    refused: told.length,
    perSec: answeredMs.length / seconds,
  };
}

const TINY = { slots: 8, lanes: 2, ffmpegMs: 120, windowMs: 60, seconds: 60 };
const LOADS: [string, Load][] = [
  ["ffmpeg takes the time", { ...TINY, clients: 60, maxQueue: 16 }],
  ["few more come than there are places", { ...TINY, clients: 30, maxQueue: 16 }],
  ["five times as many as there are places", { ...TINY, clients: 120, maxQueue: 16 }],
  ["a short queue", { ...TINY, clients: 60, maxQueue: 8 }],
  ["a long queue", { ...TINY, clients: 200, maxQueue: 64 }],
  ["the engine takes the time", { ...TINY, clients: 60, maxQueue: 16, ffmpegMs: 20, windowMs: 500 }],
  ["one slot", { clients: 30, maxQueue: 10, slots: 1, lanes: 2, ffmpegMs: 10, windowMs: 1000, seconds: 200 }],
];
for (const [what, load] of LOADS) {
  test(`who comes back when told is let in, and was told the truth within a factor of two, in nine of ten cases: ${what}`, async () => {
    for (let seed = 1; seed <= 2; seed++) {
      const { kept, isTrue, refused, perSec } = await overloaded(load, seed);
      assert.ok(refused > 100, `${refused} refused`);
      assert.ok(kept >= 0.9, `seed ${seed}: ${kept} let in`);
      assert.ok(isTrue >= 0.9, `seed ${seed}: ${isTrue} true`);
      const { lanes, ffmpegMs, slots, windowMs } = load;
      const mostPerSec = 1000 * Math.min(lanes / ffmpegMs, slots / windowMs);
      assert.ok(perSec >= 0.9 * mostPerSec, `seed ${seed}: places stood empty: ${perSec} of ${mostPerSec} a second`);
    }
  });
}
