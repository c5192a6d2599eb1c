import assert from "node:assert/strict";
import { test } from "node:test";
import { aheadInTurns, Intake } from "../../src/schedule/intake.js";

test("the pace is that at which requests begin while others wait, whatever holds them up", () => {
  const intake = new Intake(2);
  assert.equal(intake.untilBegun(10), 0, "nothing is known");
  // Alone, with minutes between them: no line, and no pace.
  for (let nowMs = 0; nowMs < 10; nowMs++) intake.began(nowMs * 60_000, 0);
  assert.equal(intake.untilBegun(10), 0);
  for (let begun = 0; begun < 100; begun++) intake.began(1_000_000 + 200 * begun, 5);
  const tenMs = intake.untilBegun(10);
  assert.ok(tenMs > 1800 && tenMs <= 2000, `${tenMs}`);
  // Slots that become free together.
  for (let begun = 0; begun < 400; begun++) intake.began(2_000_000 + 800 * Math.floor(begun / 4), 5);
  const inGroupsMs = intake.untilBegun(10);
  assert.ok(Math.abs(inGroupsMs / 2000 - 1) < 0.25, `${inGroupsMs}`);
  // A quarter of an hour in which nothing went on is not what the next ones will take.
  intake.began(3_000_000, 5);
  assert.ok(intake.untilBegun(10) < 2.5 * inGroupsMs, `${intake.untilBegun(10)}`);
});

test("before there was a line the pace follows from what ffmpeg takes for one alone, and from its lanes", () => {
  const intake = new Intake(2);
  for (let begun = 0; begun < 5; begun++) intake.began(1000 * begun, 0, 80);
  assert.equal(intake.untilBegun(10), 400);
  assert.ok(!intake.isMeasured);
  for (let begun = 0; begun < 20; begun++) intake.began(10_000 + 100 * begun, 5, 80);
  assert.ok(intake.isMeasured);
  assert.ok(intake.untilBegun(10) > 900 && intake.untilBegun(10) <= 1000, `${intake.untilBegun(10)}`);
});

test("of each other owner no more are before a request than there are turns until its own", () => {
  assert.equal(aheadInTurns(0, [500, 1]), 2);
  assert.equal(aheadInTurns(3, [500, 1]), 8);
  assert.equal(aheadInTurns(7, []), 7);
});
