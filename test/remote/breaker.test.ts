import assert from "node:assert/strict";
import { test } from "node:test";
import { Breaker } from "../../src/remote/breaker.js";

/** A breaker with a clock that stands still until it is moved. */
function breakerAt() {
  const clock = { nowMs: 1000 };
  const breaker = new Breaker(() => clock.nowMs);
  const fail = (times = 1, retryAfterMs?: number) => {
    for (let i = 0; i < times; i++) breaker.attempt()?.failed(retryAfterMs);
  };
  return { clock, breaker, fail };
}

test("five failures in a row open it, four do not, and a success between them begins the row anew", () => {
  const { breaker, fail } = breakerAt();
  fail(4);
  assert.equal(breaker.state, "closed");
  breaker.attempt()?.succeeded();
  fail(4);
  assert.equal(breaker.state, "closed");
  fail();
  assert.equal(breaker.state, "open");
  assert.equal(breaker.attempt(), undefined);
  assert.equal(breaker.shutForMs, 30_000);
});

test("after 30 s one request is let through, and no other before it is known how that ended", () => {
  const { clock, breaker, fail } = breakerAt();
  fail(5);
  clock.nowMs += 29_999;
  assert.equal(breaker.attempt(), undefined);
  clock.nowMs += 1;
  assert.equal(breaker.state, "half_open");
  const trial = breaker.attempt();
  assert.ok(trial);
  assert.equal(breaker.attempt(), undefined);
  trial.succeeded();
  assert.equal(breaker.state, "closed");
  assert.ok(breaker.attempt());
});

test("a trial that fails opens it for another 30 s", () => {
  const { clock, breaker, fail } = breakerAt();
  fail(5);
  clock.nowMs += 30_000;
  fail();
  assert.equal(breaker.state, "open");
  clock.nowMs += 30_000;
  breaker.attempt()?.succeeded();
  fail(4);
  assert.equal(breaker.state, "closed", "the row has begun anew");
});

test("a trial whose client leaves makes room for the next", () => {
  const { clock, breaker, fail } = breakerAt();
  fail(5);
  clock.nowMs += 30_000;
  breaker.attempt()?.abandoned();
  assert.equal(breaker.state, "half_open");
  assert.ok(breaker.attempt());
});

test("a provider that says when to come back is left alone until then, at the first failure", () => {
  const { clock, breaker, fail } = breakerAt();
  fail(1, 5000);
  assert.equal(breaker.state, "open");
  clock.nowMs += 5000;
  assert.equal(breaker.state, "closed");
  fail(4, 60_000);
  clock.nowMs += 59_999;
  assert.equal(breaker.attempt(), undefined, "longer than the breaker's own time");
  clock.nowMs += 1;
  assert.ok(breaker.attempt());
});

test("an answer to an earlier request does not take back what a later one was told", () => {
  const { breaker, fail } = breakerAt();
  const early = breaker.attempt();
  fail(1, 5000);
  early?.succeeded();
  assert.equal(breaker.state, "open");
});

test("an attempt ends once, whatever is said of it afterwards", () => {
  const { breaker } = breakerAt();
  for (let i = 0; i < 5; i++) {
    const attempt = breaker.attempt();
    attempt?.succeeded();
    attempt?.failed();
    attempt?.abandoned();
  }
  assert.equal(breaker.state, "closed");
});
