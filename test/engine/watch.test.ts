import assert from "node:assert/strict";
import { test } from "node:test";
import { Pace } from "../../src/engine/pace.js";
import { PULSE_MS, Watch } from "../../src/engine/watch.js";

/** A watch whose clock is moved by hand, looked at once per second as the server does. */
function watchFor(pace = new Pace()) {
  let nowMs = 1000;
  const watch = new Watch(pace, { now: () => nowMs, silenceMs: 10_000 });
  return {
    watch,
    /** Seconds pass; each is heard unless `isSilent`. */
    pass(seconds: number, { isSilent = false, steps = () => [] as [number, number][] } = {}) {
      for (let i = 0; i < seconds; i++) {
        nowMs += PULSE_MS;
        if (!isSilent) watch.heard(steps());
        const fault = watch.fault();
        if (fault) return fault;
      }
      return undefined;
    },
    jump(ms: number) {
      nowMs += ms;
    },
  };
}

test("a process that pulses is well, for ever", () => {
  assert.equal(watchFor().pass(100_000), undefined);
});

test("a process that says nothing for ten seconds is silent", () => {
  const { pass } = watchFor();
  assert.equal(pass(10, { isSilent: true }), undefined);
  assert.equal(pass(1, { isSilent: true }), "silent");
});

test("what the server did not hear while it was stopped itself counts for nothing", () => {
  const { watch, pass, jump } = watchFor();
  watch.begin(1);
  jump(3_600_000);
  assert.equal(watch.fault(), undefined);
  assert.equal(pass(5, { isSilent: true }), undefined);
  assert.equal(pass(10, { isSilent: true }), "silent");
});

test("a window that makes no step within twenty usual windows is stuck, others that move or ended are not", () => {
  const pace = new Pace();
  for (let i = 0; i < 50; i++) pace.learn(4000);
  const { watch, pass } = watchFor(pace);
  watch.begin(1);
  watch.begin(2);
  watch.begin(3);
  watch.end(3);
  let moved = 0;
  assert.equal(
    pass(80, {
      steps: () => [
        [1, ++moved],
        [2, 0],
      ],
    }),
    undefined,
  );
  assert.equal(
    pass(1, {
      steps: () => [
        [1, ++moved],
        [2, 0],
      ],
    }),
    "stuck",
  );
  watch.end(2);
  assert.equal(pass(80, { steps: () => [[1, ++moved]] }), undefined);
});

test("before anything is known ten minutes are allowed, and a fast machine still gets half a minute", () => {
  const unknown = watchFor();
  unknown.watch.begin(1);
  assert.equal(unknown.pass(600), undefined);
  assert.equal(unknown.pass(1), "stuck");

  const pace = new Pace();
  pace.learn(50);
  const fast = watchFor(pace);
  fast.watch.begin(1);
  assert.equal(fast.pass(30), undefined);
  assert.equal(fast.pass(1), "stuck");
});
