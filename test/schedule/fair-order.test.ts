import assert from "node:assert/strict";
import { test } from "node:test";
import { type Claim, MAKES_WAY, shareOut, takeTurn } from "../../src/schedule/fair-order.js";

const NEVER = Number.POSITIVE_INFINITY;
type Given = Partial<Claim> & { name: string };
const claim = (given: Given) => ({
  owner: "a",
  order: 0,
  owedMs: 0,
  hadMs: 0,
  nextMs: 100,
  leftMs: 100,
  isLast: true,
  deadlineMs: NEVER,
  ...given,
});
const long = (given: Given) => claim({ isLast: false, leftMs: 10_000, ...given });

const TABLE: { what: string; waiting: ReturnType<typeof claim>[]; next: string; nowMs?: number }[] = [
  {
    what: "of two that are alike the one that came first",
    waiting: [claim({ name: "second", order: 1 }), claim({ name: "first", order: 0 })],
    next: "first",
  },
  {
    what: "whoever is furthest behind",
    waiting: [claim({ name: "early", owedMs: 50 }), claim({ name: "late", order: 1, owedMs: 60 })],
    next: "late",
  },
  {
    what: "a dictation before a file that has had what it was owed",
    waiting: [long({ name: "file", owedMs: 500, hadMs: 500 }), claim({ name: "dictation", order: 9 })],
    next: "dictation",
  },
  {
    what: "a dictation before a hundred files that have had nothing yet",
    waiting: [
      ...Array.from({ length: 100 }, (_, order) => long({ name: `file ${order}`, order })),
      claim({ name: "dictation", order: 999 }),
    ],
    next: "dictation",
  },
  {
    what: "a new file before an old one that is as far, for the old one has had much",
    waiting: [long({ name: "old", owedMs: 9000, hadMs: 9000 }), long({ name: "new", order: 1 })],
    next: "new",
  },
  {
    what: "a file that has lost more than it makes way by, before dictations",
    waiting: [
      long({ name: "file", owedMs: 10_000, hadMs: 10_000 * (1 - MAKES_WAY) - 101, order: 1 }),
      claim({ name: "dictation" }),
    ],
    next: "file",
  },
  {
    what: "a file's last window is a short request",
    waiting: [
      claim({ name: "file", owedMs: 10_000, hadMs: 10_000, order: 1 }),
      long({ name: "other", owedMs: 10_000, hadMs: 10_000 }),
    ],
    next: "file",
  },
  {
    what: "of an owner's short ones the one whose deadline is earlier",
    waiting: [
      claim({ name: "patient", owedMs: 90 }),
      claim({ name: "later", order: 1, deadlineMs: 900 }),
      claim({ name: "sooner", order: 2, deadlineMs: 500 }),
    ],
    next: "sooner",
  },
  {
    what: "but not one whose deadline cannot be held any more",
    waiting: [claim({ name: "patient", owedMs: 90 }), claim({ name: "lost", order: 1, deadlineMs: 500 })],
    nowMs: 450,
    next: "patient",
  },
  {
    what: "and none of another owner's",
    waiting: [claim({ name: "patient", owedMs: 90 }), claim({ name: "sooner", owner: "b", deadlineMs: 500 })],
    next: "patient",
  },
  {
    what: "a file makes no way when its deadline is near",
    waiting: [
      long({ name: "file", owedMs: 5000, hadMs: 4900, leftMs: 3000, deadlineMs: 5000, order: 1 }),
      claim({ name: "dictation", owedMs: 50 }),
    ],
    next: "file",
  },
];

for (const { what, waiting, next, nowMs = 0 } of TABLE) {
  test(`the next turn: ${what}`, () => {
    assert.equal(takeTurn(waiting, nowMs)?.name, next);
    assert.equal(takeTurn([...waiting].reverse(), nowMs)?.name, next, "whatever the order they stand in");
  });
}

test("nobody waits, nobody's turn", () => {
  assert.equal(takeTurn([], 0), undefined);
});

test("who goes before others for its deadline takes what it is owed from the one that made way", () => {
  const patient = claim({ name: "patient", owedMs: 90 });
  const urgent = claim({ name: "urgent", order: 1, owedMs: 10, deadlineMs: 500 });
  takeTurn([patient, urgent], 0);
  assert.deepEqual([patient.owedMs, urgent.owedMs], [10, 90]);
});

test("time is shared between owners, then between the requests of each", () => {
  const [one, two, three] = [claim({ name: "1" }), claim({ name: "2" }), claim({ name: "3", owner: "b" })];
  shareOut([one, two, three], 1000);
  assert.deepEqual([one.owedMs, two.owedMs, three.owedMs], [250, 250, 500]);
});
