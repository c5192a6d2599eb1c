import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { ProviderDialect, ProviderSettings } from "../../src/core/provider-settings.js";
import { DEFAULT_REQUEST, type TranscribeRequest } from "../../src/core/request.js";
import { transcriptText } from "../../src/core/result.js";
import { Overflow, type OverflowListeners, type OverflowOutcome } from "../../src/remote/overflow.js";
import type { OverflowRecord } from "../../src/remote/overflow-record.js";
import { ProviderClient } from "../../src/remote/provider-client.js";
import { SpendLedger } from "../../src/remote/spend-ledger.js";
import { settingsOf, wavFile } from "./samples.js";
import { StandIn } from "./stand-in.js";

const KEY = "sk-live-0123456789abcdef";
const started: StandIn[] = [];
after(async () => {
  for (const standIn of started) await standIn.stop();
});

async function standIn(dialect: ProviderDialect = "openai"): Promise<StandIn> {
  const one = await StandIn.start(dialect, KEY);
  started.push(one);
  return one;
}

interface Given extends Partial<ProviderSettings> {
  at: StandIn;
}

/** Providers in the order of their prices, a clock that stands still, and a home of their own. */
function setUp(given: Given[], { dailySpendLimit, key = KEY }: { dailySpendLimit?: number; key?: string } = {}) {
  const clock = { nowMs: 0 };
  const home = mkdtempSync(join(tmpdir(), "sotto-overflow-"));
  const ledger = new SpendLedger(home);
  const notes: string[] = [];
  const overflow = new Overflow({ ledger, note: (line) => notes.push(line), now: () => clock.nowMs });
  const clients = given.map(({ at, ...settings }, index) => {
    const defaults = { name: `p${index}`, baseUrl: at.baseUrl, pricePerMinute: (index + 1) / 1000, speed: 1000 };
    const times = { firstByteTimeoutMs: 300, timeoutMs: 600 };
    return new ProviderClient({ settings: settingsOf({ ...defaults, ...times, ...settings }), key, timeoutMs: 600 });
  });
  overflow.use({ providers: clients, overflowAfterMs: 1000, dailySpendLimit });
  const records: OverflowRecord[] = [];
  const ask = (request: Partial<TranscribeRequest> = {}, listeners: OverflowListeners = {}, signal?: AbortSignal) =>
    overflow.transcribe(
      {
        request: { ...DEFAULT_REQUEST, preference: "cost", ...request },
        reason: "wait",
        modelNames: ["base"],
        uploadPath: wavFile(),
        durationMs: 60_000,
        requestId: "req_1",
      },
      signal ?? new AbortController().signal,
      { onRecord: (record) => records.push(record), ...listeners },
    );
  return { overflow, ask, clock, ledger, home, notes, records };
}

const answererOf = (outcome: OverflowOutcome) =>
  outcome.kind === "answered" ? outcome.transcript.provider : outcome.kind;

test("the first candidate answers, and the record says by which rule, who else could have, and who not", async () => {
  const [one, two] = [await standIn(), await standIn("v2")];
  const { ask, records } = setUp([{ at: one }, { at: two, dialect: "v2" }, { at: two, dialect: "v2", eu: true }]);
  const outcome = await ask({ allowedProviders: ["p0", "p1"] });
  assert.equal(answererOf(outcome), "p0");
  assert.equal(outcome.kind === "answered" && transcriptText(outcome.transcript), "Hello world. Good bye.");
  const [record] = records;
  assert.equal(records.length, 1);
  assert.ok((record?.tries[0]?.elapsedMs ?? -1) >= 0);
  assert.deepEqual(
    { ...record, tries: record?.tries.map(({ elapsedMs: _, ...one }) => one) },
    {
      rule: "wait",
      candidates: ["p0", "p1"],
      refused: { p2: "allowed_providers" },
      tries: [{ provider: "p0", model: "whisper-1", outcome: "answered" }],
      answer: "p0",
    },
  );
});

test("a candidate that fails hands on to the next, and no further", async () => {
  const [down, other, third] = [await standIn(), await standIn("comet"), await standIn()];
  down.moods = [{ status: 500 }];
  const providers: Given[] = [{ at: down }, { at: other, dialect: "comet" }, { at: third }];
  const { ask, records } = setUp(providers);
  assert.equal(answererOf(await ask()), "p1");
  other.moods = ["garbles"];
  const outcome = await ask();
  assert.equal(third.received.length, 0, "one retry");
  assert.ok(outcome.kind === "failed" && !outcome.hasBegun);
  assert.deepEqual([outcome.error.code, outcome.error.status, outcome.error.retryable], ["provider_failed", 502, true]);
  assert.match(outcome.error.message, /\(p0: server_error, status 500; p1: garbage\)/);
  assert.deepEqual(
    records[1]?.tries.map(({ outcome: how }) => how),
    ["server_error", "garbage"],
  );
  assert.equal(records[1]?.answer, null);
});

for (const mood of ["hangs", "stalls", "cuts", "garbles", "mistakes", { redirectTo: "http://127.0.0.1:1/" }] as const) {
  test(`a provider that ${typeof mood === "string" ? mood : "redirects"} costs no request that another can serve`, async () => {
    const [bad, good] = [await standIn(), await standIn()];
    bad.moods = [mood];
    const { ask } = setUp([{ at: bad }, { at: good }]);
    assert.equal(answererOf(await ask()), "p1");
  });
}

test("a provider that is not there costs no request, and after five of them none is tried on it", async () => {
  const [gone, good] = [await standIn(), await standIn()];
  const baseUrl = gone.baseUrl;
  await gone.stop();
  const { ask, clock, records } = setUp([{ at: good, baseUrl }, { at: good }]);
  for (let i = 0; i < 6; i++) assert.equal(answererOf(await ask()), "p1");
  assert.deepEqual(
    records.map(({ tries, refused }) => [tries.length, refused.p0]),
    [...Array(5).fill([2, undefined]), [1, "breaker_open"]],
  );
  clock.nowMs = 29_999;
  await ask();
  clock.nowMs = 30_000;
  await ask();
  await ask();
  assert.deepEqual(
    records.slice(6).map(({ tries }) => tries.length),
    [1, 2, 1],
    "one try after 30 s, which fails",
  );
});

test("the breaker closes with the first success, and one request at a time makes the trial", async () => {
  const shaky = await standIn();
  shaky.moods = [{ status: 503 }];
  const { ask, clock } = setUp([{ at: shaky }]);
  for (let i = 0; i < 5; i++) await ask();
  assert.equal(answererOf(await ask()), "no_candidate");
  shaky.moods = ["answers"];
  clock.nowMs = 30_000;
  const outcomes = await Promise.all([ask(), ask(), ask()]);
  assert.deepEqual(outcomes.map(answererOf).sort(), ["no_candidate", "no_candidate", "p0"]);
  assert.deepEqual((await Promise.all([ask(), ask()])).map(answererOf), ["p0", "p0"]);
});

test("a provider that says when to come back is not asked before", async () => {
  const [limited, other] = [await standIn(), await standIn()];
  limited.moods = [{ status: 429, headers: { "retry-after": "60" } }, "answers"];
  const { ask, clock, records } = setUp([{ at: limited }, { at: other }]);
  assert.equal(answererOf(await ask()), "p1");
  clock.nowMs = 59_000;
  assert.equal(answererOf(await ask()), "p1");
  assert.equal(records[1]?.refused.p0, "breaker_open");
  clock.nowMs = 60_000;
  assert.equal(answererOf(await ask()), "p0");
});

test("a recording that nobody can hear is not handed on, and opens no breaker", async () => {
  const [one, two] = [await standIn(), await standIn()];
  one.moods = [{ status: 400, body: '{"error":{"message":"bad","param":"file","code":null}}' }];
  const { ask } = setUp([{ at: one }, { at: two }]);
  for (let i = 0; i < 7; i++) {
    const outcome = await ask();
    assert.ok(outcome.kind === "failed");
    assert.deepEqual(
      [outcome.error.code, outcome.error.status, outcome.error.param],
      ["undecodable_audio", 400, "file"],
    );
  }
  assert.deepEqual([one.received.length, two.received.length], [7, 0]);
});

test("as many requests are with a provider as it may have, and the next candidate gets the others", async () => {
  const [narrow, wide] = [await standIn(), await standIn()];
  narrow.moods = ["hangs"];
  const { ask, records } = setUp([
    { at: narrow, concurrency: 2, firstByteTimeoutMs: 5000, timeoutMs: 5000 },
    { at: wide },
  ]);
  const leaving = new AbortController();
  const stuck = [ask({}, {}, leaving.signal), ask({}, {}, leaving.signal)];
  for (let waitedMs = 0; narrow.received.length < 2; waitedMs += 10) {
    assert.ok(waitedMs < 20_000);
    await sleep(10);
  }
  assert.equal(answererOf(await ask()), "p1");
  assert.equal(records[0]?.refused.p0, "busy");
  leaving.abort(new Error("left"));
  for (const each of stuck) await assert.rejects(each, /left/);
  assert.deepEqual(
    records.slice(1).map(({ tries }) => tries.map(({ outcome }) => outcome)),
    [["abandoned"], ["abandoned"]],
  );
  narrow.moods = ["answers"];
  assert.equal(answererOf(await ask()), "p0", "their places are free again");
});

test("what the recordings have cost is set down, failed tries that may be billed included", async () => {
  const one = await standIn();
  const { ask, ledger } = setUp([{ at: one, pricePerMinute: 1 }]);
  const spent = async () => Math.round(((await ledger.spentToday()).p0 ?? 0) * 1e6) / 1e6;
  await ask();
  const reply = 3.52 / 60;
  assert.equal(await spent(), Math.round(reply * 1e6) / 1e6, "by the length that the reply says");
  one.moods = [{ status: 500 }];
  await ask();
  assert.equal(await spent(), Math.round(reply * 1e6) / 1e6, "a refusal costs nothing");
  one.moods = ["cuts"];
  await ask();
  assert.equal(await spent(), Math.round((reply + 1) * 1e6) / 1e6, "an answer that was lost may be billed");
});

test("a day's limit, of one provider or of all, is never passed", async () => {
  const [one, two] = [await standIn(), await standIn()];
  const own = setUp([
    { at: one, pricePerMinute: 1, dailySpendLimit: 1.05 },
    { at: two, pricePerMinute: 2 },
  ]);
  assert.deepEqual([answererOf(await own.ask()), answererOf(await own.ask())], ["p0", "p1"]);
  assert.equal(own.records[1]?.refused.p0, "spend_limit");
  const all = setUp(
    [
      { at: one, pricePerMinute: 1 },
      { at: two, pricePerMinute: 2 },
    ],
    { dailySpendLimit: 1.05 },
  );
  assert.deepEqual([answererOf(await all.ask()), answererOf(await all.ask())], ["p0", "no_candidate"]);
  assert.deepEqual(all.records[1]?.refused, { p0: "spend_limit", p1: "spend_limit" });
});

test("a limit that cannot be checked counts as reached; without one a request goes out nevertheless", async () => {
  const one = await standIn();
  for (const [dailySpendLimit, expected] of [
    [1, "no_candidate"],
    [undefined, "p0"],
  ] as const) {
    const { ask, home, notes } = setUp([{ at: one }], dailySpendLimit === undefined ? {} : { dailySpendLimit });
    mkdirSync(join(home, "overflow"));
    writeFileSync(join(home, "overflow", "spend.json"), "{");
    assert.equal(answererOf(await ask()), expected);
    assert.match(notes.join(), /spending on p0: .*damaged/);
  }
});

test("what a provider cannot take goes to another: kinds of file, sizes, and what it has no field for", async () => {
  const [one, two] = [await standIn("v2"), await standIn()];
  const { ask, records } = setUp([
    { at: one, dialect: "v2" },
    { at: two, maxUploadMb: 1 },
  ]);
  assert.equal(answererOf(await ask({ task: "translate" })), "p1");
  assert.equal(records[0]?.refused.p0, "task");
  assert.equal(answererOf(await ask({ channel: "left" })), "no_candidate");
  assert.deepEqual(records[1]?.refused, { p0: "channel", p1: "channel" });
  assert.equal(answererOf(await ask({ containers: ["mp3"] })), "no_candidate");
  assert.deepEqual(records[2]?.refused, { p0: "file_kind", p1: "file_kind" });
  const large = { uploadPath: wavFile(2 * 1024 ** 2), request: DEFAULT_REQUEST, modelNames: [], requestId: "r" };
  const { overflow } = setUp([{ at: two, maxUploadMb: 1 }]);
  const outcome = await overflow.transcribe({ ...large, reason: "queue_full" }, new AbortController().signal, {
    onRecord: (record) => records.push(record),
  });
  assert.equal(answererOf(outcome), "no_candidate");
  assert.deepEqual(records.at(-1)?.refused, { p0: "file_size" });
});

test("a stream that breaks off after its first words is told to nobody else", async () => {
  const [one, two] = [await standIn(), await standIn()];
  one.moods = ["cuts"];
  const { ask } = setUp([{ at: one, models: { "*": "gpt-4o-transcribe" } }, { at: two }]);
  const heard: string[] = [];
  const asked: string[] = [];
  const outcome = await ask(
    { stream: true },
    {
      onAsk: ({ provider }) => asked.push(provider),
      onSegments: (segments) => void heard.push(...segments.map(({ text }) => text)),
    },
  );
  assert.ok(outcome.kind === "failed" && outcome.hasBegun);
  assert.deepEqual([heard, asked, two.received.length], [["Hello"], ["p0"], 0]);
});

test("a key is in no record, no error, no note and no file, even when the service repeats it", async () => {
  const one = await standIn();
  const wrong = "sk-wrong-abcdef0123456789";
  const { ask, records, notes, home } = setUp([{ at: one }], { key: wrong });
  const outcome = await ask();
  assert.ok(outcome.kind === "failed");
  assert.match(records[0]?.tries[0]?.detail ?? "", /Bearer \[key\]/, "the service has repeated it");
  const { message, stack, details, cause } = outcome.error;
  const told = JSON.stringify({ outcome, message, stack, details, cause, records, notes });
  assert.ok(!told.includes("sk-wrong") && !told.includes(one.baseUrl), told);
  assert.ok(!readFileSync(join(home, "overflow", "spend.json"), "utf8").includes("sk-wrong"));
});

test("claims are as many as all providers take together, and none when every breaker is open", async () => {
  const one = await standIn();
  const { overflow, ask } = setUp([
    { at: one, concurrency: 1 },
    { at: one, concurrency: 2 },
  ]);
  const claims = [overflow.claim(), overflow.claim(), overflow.claim()];
  assert.ok(claims.every((claim) => claim !== undefined));
  assert.equal(overflow.claim(), undefined);
  claims[0]?.();
  claims[0]?.();
  assert.ok(overflow.claim());
  assert.equal(overflow.claim(), undefined, "given back once");
  one.moods = [{ status: 500 }];
  for (let i = 0; i < 5; i++) await ask();
  claims[1]?.();
  assert.equal(overflow.claim(), undefined);
});

test("new settings keep what was learnt of a provider; without providers nothing overflows", async () => {
  const one = await standIn();
  const { overflow, ask } = setUp([{ at: one }]);
  one.moods = [{ status: 500 }];
  for (let i = 0; i < 5; i++) await ask();
  one.moods = ["answers"];
  const settings = settingsOf({ name: "p0", baseUrl: one.baseUrl });
  const client = new ProviderClient({ settings, key: KEY, timeoutMs: 1000 });
  overflow.use({ providers: [client], overflowAfterMs: 5, dailySpendLimit: undefined });
  assert.equal(answererOf(await ask()), "no_candidate");
  assert.deepEqual([overflow.hasProviders, overflow.overflowAfterMs], [true, 5]);
  overflow.use({ providers: [], overflowAfterMs: 5, dailySpendLimit: undefined });
  assert.deepEqual([overflow.hasProviders, overflow.overflowAfterMs], [false, Number.POSITIVE_INFINITY]);
  assert.equal(overflow.claim(), undefined);
});
