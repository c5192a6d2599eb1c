import assert from "node:assert/strict";
import { test } from "node:test";
import { Admission, UNBOUNDED } from "../../src/schedule/admission.js";
import { Speed } from "../../src/schedule/speed.js";
import { Chance } from "../support/chance.js";
import { median, SimulatedLoad } from "./simulated-load.js";

const CLIP_WINDOW_MS = 500;
const CONFIGURED_MS = 10_000;

/**
 * Clips come at one and a half times the pace at which they can be decoded, beside files; who would wait for longer than
 * configured goes elsewhere at once.
 * @returns the waits of those that stayed once the first had gone, and of how many
 */
async function overloaded(seed: number, slots: number, files: number) {
  const chance = new Chance(seed);
  const load = new SimulatedLoad(slots, 1000);
  const admission = new Admission({ slots, bounds: UNBOUNDED, turns: load.turns, now: () => load.nowMs });
  const speed = new Speed(1000);
  const waitsMs: number[] = [];
  let gone = 0;
  const request = async (owner: string, atMs: number, windows: number, windowMs: number) => {
    await load.until(atMs);
    const place = admission.enter({ owner, who: "" });
    if ("toError" in place) assert.fail("there is no bound");
    place.arrived({ speed, bytes: 15_000 });
    const { ticket } = place;
    if (windows === 1 && place.expectedWaitMs > CONFIGURED_MS) {
      place.leave();
      gone++;
      return;
    }
    // ffmpeg: only then is the length known.
    await load.until(load.nowMs + 50);
    ticket.audio.ended(windows === 1 ? 5000 : windows * 28_000);
    const stays = gone > 0 && windows === 1;
    for (let window = 1; window <= windows; window++) {
      const task = () => {
        if (window === 1 && stays) waitsMs.push(load.nowMs - atMs);
        return load.until(load.nowMs + windowMs * (0.8 + chance.below(400) / 1000));
      };
      const audioMs = windows === 1 ? 4800 : 28_000;
      const endMs = windows === 1 ? 4800 : window * 28_000;
      await load.turns.run(ticket, new AbortController().signal, { audioMs, endMs, task });
    }
    place.leave();
  };
  const everyMs = CLIP_WINDOW_MS / slots / 1.5;
  const all = Array.from({ length: files }, (_, file) => request(`file ${file}`, file, 100, 1000));
  for (let atMs = 1000; atMs < 120_000; atMs += everyMs) all.push(request("clips", atMs, 1, CLIP_WINDOW_MS));
  await load.run();
  await Promise.all(all);
  return { waitsMs, gone };
}

for (const [slots, files] of [
  [1, 0],
  [1, 1],
  [2, 2],
  [3, 0],
] as const) {
  test(`overflow begins at the configured wait, within a tenth: ${slots} slots, ${files} files with keys of their own`, async () => {
    for (let seed = 1; seed <= 3; seed++) {
      const { waitsMs, gone } = await overloaded(seed, slots, files);
      assert.ok(gone > 10 && waitsMs.length > 30, `${gone} went, ${waitsMs.length} stayed`);
      const share = median(waitsMs) / CONFIGURED_MS;
      assert.ok(Math.abs(share - 1) <= 0.1, `seed ${seed}: those that stay wait ${share} of it`);
    }
  });
}
