import assert from "node:assert/strict";
import { test } from "node:test";
import { SottoError } from "../../src/core/errors.js";
import { Admission, type Arrival, type Bounds, type Place, UNBOUNDED } from "../../src/schedule/admission.js";
import { Speed } from "../../src/schedule/speed.js";
import { Turns } from "../../src/schedule/turns.js";

const CLIP_BYTES = 80_000;

/** Admission on a clock of its own; what is let in has its windows decoded by hand. */
function admission(slots: number, bounds: Partial<Bounds> = {}) {
  const clock = { nowMs: 0 };
  const now = () => clock.nowMs;
  const turns = new Turns(slots, now);
  const door = new Admission({ slots, bounds: { ...UNBOUNDED, ...bounds }, turns, now });
  let asked = 0;
  const ask = (arrival: Partial<Arrival> = {}) =>
    door.enter({ owner: "", who: `${asked++}`, bytes: CLIP_BYTES, ...arrival });
  const enter = (arrival: Partial<Arrival> = {}): Place => {
    const entered = ask(arrival);
    if ("toError" in entered) assert.fail("let in");
    return entered;
  };
  /** Seconds that a refused request is told. */
  const refused = (arrival: Partial<Arrival> = {}): number => {
    const entered = ask(arrival);
    if (!("toError" in entered)) assert.fail("refused");
    const error = entered.toError();
    assert.ok(error instanceof SottoError && error.code === "queue_full");
    const sec = error.retryAfterSec as number;
    assert.equal(error.details.retryAfterSec, Math.ceil(sec));
    return Math.ceil(sec);
  };
  return { clock, turns, door, ask, enter, refused };
}

const speed = (windowMs: number) => {
  const measured = new Speed(windowMs);
  for (let window = 0; window < 100; window++) measured.learn(window % 2 ? 5000 : 28_000, windowMs);
  return measured;
};

const isNear = (actual: number, expected: number) =>
  assert.ok(Math.abs(actual - expected) < 0.05 * expected, `${actual}, expected ${expected}`);

/** A clip whose only window waits or is in a slot. */
function work({ turns }: ReturnType<typeof admission>, place: Place, windowMs: number, audioMs = 5000): () => void {
  place.arrived({ speed: speed(windowMs) });
  place.ticket.audio.ended(audioMs);
  let end = () => {};
  const task = () => new Promise<void>((resolve) => (end = resolve));
  void turns.run(place.ticket, new AbortController().signal, turnOf(audioMs, task));
  return () => end();
}

const turnOf = (recordingMs: number, task: () => Promise<void>) => {
  const audioMs = Math.min(recordingMs, 28_000);
  return { audioMs, endMs: audioMs, task };
};

test("as many are let in as can work and wait, and one more is told when to come back", () => {
  const { enter, refused, door } = admission(2, { maxQueue: 3 });
  for (let i = 0; i < 5; i++) enter();
  assert.ok(refused() >= 1);
  assert.equal(door.inside, 5);
});

test("without a queue a free slot is still given out, and a place is free once, however often it is left", () => {
  const { enter, refused, door } = admission(1, { maxQueue: 0 });
  const place = enter();
  refused();
  place.leave();
  place.leave();
  enter();
  assert.equal(door.inside, 1);
});

test("Retry-After is the time until the first of those inside will have ended, by measured speed", () => {
  for (const windowMs of [3000, 30_000]) {
    const one = admission(1, { maxQueue: 1 });
    for (const place of [one.enter(), one.enter()]) work(one, place, windowMs);
    const told = one.refused() * 1000;
    assert.ok(told >= windowMs && told <= 2 * windowMs, `${told} for ${windowMs}`);
    one.clock.nowMs += windowMs / 2;
    const later = one.refused() * 1000;
    // The first end is promised: this is the second.
    assert.ok(later >= 1.5 * windowMs && later <= 3 * windowMs, `${later} for ${windowMs}`);
  }
});

test("those that are refused are not all told to come back at once", () => {
  const one = admission(1, { maxQueue: 0 });
  work(one, one.enter(), 2000);
  const told = Array.from({ length: 10 }, () => one.refused());
  assert.deepEqual(
    told,
    [...told].sort((a, b) => a - b),
  );
  assert.ok((told[9] as number) >= 8 * (told[0] as number), told.join());
});

test("whose error nobody asks for is promised nothing", () => {
  const one = admission(1, { maxQueue: 0 });
  work(one, one.enter(), 2000);
  for (let i = 0; i < 50; i++) assert.ok("toError" in one.ask());
  assert.ok(one.refused() <= 4);
});

test("a place that somebody was told to come for is not given to another, until he is late", () => {
  const one = admission(1, { maxQueue: 9 });
  const places = Array.from({ length: 10 }, () => one.enter());
  for (const place of places) place.arrived({ speed: speed(10_000) });
  const told = one.refused({ who: "told" });
  assert.ok(told >= 10 && told <= 20, String(told));
  one.clock.nowMs = 11_000;
  places[0]?.leave();
  assert.ok("toError" in one.ask({ who: "told" }), "it is not yet its time");
  assert.ok("toError" in one.ask(), "a place is free, but somebody was told to come for it");
  one.clock.nowMs = 1000 * told;
  one.enter({ who: "told" });
  places[1]?.leave();
  one.clock.nowMs += 60_000;
  one.enter();
  assert.equal(one.door.inside, 10);
});

test("promises that nobody keeps hold no place for good, and never an idle slot or the first quarter of the queue", () => {
  const one = admission(1, { maxQueue: 8 });
  const places = Array.from({ length: 9 }, () => one.enter());
  for (const place of places) place.arrived({ speed: speed(1000) });
  const told = Array.from({ length: 9 }, () => one.refused());
  for (const place of places) place.leave();
  one.clock.nowMs = 3500;
  for (let i = 0; i < 3; i++) one.enter();
  assert.ok("toError" in one.ask(), "the rest is promised");
  one.clock.nowMs = 3000 * Math.max(...told);
  for (let i = 0; i < 6; i++) one.enter();
});

test("one key may not have more than its own, and the others have theirs", () => {
  const one = admission(1, { maxPerOwner: 2 });
  const [first] = [one.enter({ owner: "a" }), one.enter({ owner: "a" })];
  const full = one.ask({ owner: "a" });
  assert.ok("toError" in full && full.isOwnersOwn);
  assert.match(full.toError().message, /^Expected at most 2 requests of one key,/);
  one.enter({ owner: "b" });
  first.leave();
  one.enter({ owner: "a" });
});

test("audio is bounded too: by what is guessed from the upload, then by what ffmpeg finds", () => {
  const one = admission(1, { maxQueueAudioMs: 60_000, maxPerOwnerAudioMs: 300_000 });
  one.enter({ owner: "z", bytes: undefined }).ticket.audio.ended(290_000); // at work: it does not wait
  const guessed = one.enter({ bytes: 16 * 61_000 });
  const full = one.ask();
  assert.ok("toError" in full && !full.isOwnersOwn);
  assert.match(full.toError().message, /^Expected at most 60 seconds of waiting audio,/);
  guessed.ticket.audio.ended(5000);
  one.enter({ owner: "z" }).ticket.audio.ended(10_000);
  const ownFull = one.ask({ owner: "z" });
  assert.ok("toError" in ownFull && ownFull.isOwnersOwn, "300 s of one owner");
  one.enter({ owner: "b" });
});

test("the time until there is room for audio follows from what is decoded by then", () => {
  const one = admission(1, { maxPerOwnerAudioMs: 280_000 });
  const place = one.enter();
  place.arrived({ speed: speed(1000) });
  place.ticket.audio.ended(560_000);
  const told = one.refused();
  assert.ok(told >= 10 && told <= 20, `ten windows of 1 s, more or less: ${told} s`);
});

test("the expected wait is that of those before it in the fair order: short ones, not an hour's file", () => {
  const one = admission(2);
  const file = one.enter();
  work(one, file, 1000, 3_600_000);
  const first = one.enter();
  first.arrived({ speed: speed(1000) });
  assert.equal(first.expectedWaitMs, 0, "there is a free slot");
  const clips = Array.from({ length: 20 }, () => one.enter());
  for (const clip of clips) work(one, clip, 1000);
  const last = one.enter();
  last.arrived({ speed: speed(1000) });
  last.ticket.audio.ended(5000);
  const waitMs = last.expectedWaitMs;
  assert.ok(waitMs >= 9000 && waitMs <= 13_000, `${waitMs} ms for twenty clips and a file in two slots`);
  const other = one.enter({ owner: "b" });
  other.arrived({ speed: speed(1000) });
  other.ticket.audio.ended(5000);
  assert.ok(other.expectedWaitMs <= 2000, "another owner's is next");
});

test("what is left of a model's loading is in the wait of those that need it, and in nobody else's", () => {
  const one = admission(2, { maxQueue: 20 });
  const loading = { leftMs: 6000 };
  const clip = (speedMs: number, isCold: boolean) => {
    const place = one.enter();
    place.arrived({ speed: speed(speedMs), ...(isCold ? { untilLoadedMs: () => loading.leftMs } : {}) });
    place.ticket.audio.ended(5000);
    return place;
  };
  const [first, second, third] = [clip(1000, true), clip(1000, true), clip(1000, true)];
  const warm = clip(1000, false);
  for (const place of [first, second]) isNear(place.expectedWaitMs, 6000);
  isNear(third.expectedWaitMs, 7000);
  assert.equal(warm.expectedWaitMs, 0, "its model is loaded, and the slots are free");
  loading.leftMs = 2000;
  isNear(first.expectedWaitMs, 2000);
  for (let i = 0; i < 18; i++) clip(1000, true);
  const told = one.refused() * 1000;
  assert.ok(told >= 1000 && told <= 3000, `the warm one ends first: ${told}`);
  const next = one.refused() * 1000;
  assert.ok(next >= 3000 && next <= 6000, `then one of the cold: ${next}`);
  loading.leftMs = 0;
  assert.equal(first.expectedWaitMs, 0);
});

test("a hundred thousand windows that wait are reckoned in a moment", () => {
  const one = admission(1);
  for (let i = 0; i < 300; i++) work(one, one.enter(), 1000, 10_000_000);
  const last = one.enter();
  last.arrived({ speed: speed(1000) });
  last.ticket.audio.ended(10_000_000);
  // Of the processor: what else the machine does is not the question.
  const before = process.cpuUsage();
  const waitMs = last.expectedWaitMs;
  assert.ok(process.cpuUsage(before).user < 2_000_000);
  assert.ok(waitMs > 10_000 && waitMs < 600_000, String(waitMs));
});

test("who steps aside is in nobody's way, and comes back behind the last, room or not", () => {
  const one = admission(1, { maxQueue: 1 });
  const [first, second] = [one.enter(), one.enter()];
  for (const place of [first, second]) {
    place.arrived({ speed: speed(2000) });
    place.ticket.audio.ended(5000);
  }
  assert.ok("toError" in one.ask());
  isNear(second.expectedWaitMs, 2000);
  first.stepAside();
  assert.deepEqual([one.door.inside, second.expectedWaitMs], [1, 0], "nobody is before it");
  const third = one.enter();
  first.stepBack();
  assert.equal(one.door.inside, 3);
  isNear(first.expectedWaitMs, 2000);
  first.leave();
  first.stepBack();
  assert.equal(one.door.inside, 2, "who has left does not come back");
  third.leave();
});

test("whoever comes back when told is served, in nine of ten cases, though others come unasked all the time", () => {
  // One slot, twenty places, clips of 1 s; twice as many come as can be served, and those refused come back when told.
  const one = admission(1, { maxQueue: 20 });
  const { clock } = one;
  type Client = { atMs: number; who: string; told: boolean };
  const coming: Client[] = Array.from({ length: 400 }, (_, index) => ({
    atMs: index * 500,
    who: `${index}`,
    told: false,
  }));
  const inside: { place: Place; endMs: number }[] = [];
  let busyUntilMs = 0;
  let kept = 0;
  let broken = 0;
  while (coming.length > 0) {
    coming.sort((a, b) => a.atMs - b.atMs);
    const client = coming.shift() as Client;
    while (inside[0] && inside[0].endMs <= client.atMs) {
      clock.nowMs = inside[0].endMs;
      inside.shift()?.place.leave();
    }
    clock.nowMs = client.atMs;
    const entered = one.ask({ who: client.who });
    if ("toError" in entered) {
      if (client.told) broken++;
      const sec = Math.ceil(entered.toError().retryAfterSec as number);
      coming.push({ ...client, atMs: clock.nowMs + sec * 1000, told: true });
      continue;
    }
    if (client.told) kept++;
    entered.arrived({ speed: speed(1000) });
    entered.ticket.audio.ended(5000);
    busyUntilMs = Math.max(busyUntilMs, clock.nowMs) + 1000;
    inside.push({ place: entered, endMs: busyUntilMs });
  }
  assert.ok(kept >= 9 * broken && kept > 50, `${kept} served as told, ${broken} refused again`);
  assert.ok(busyUntilMs < 400_000 * 1.3, `the slot was at work most of the time: ${busyUntilMs} ms for 400 s`);
});
