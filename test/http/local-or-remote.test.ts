import assert from "node:assert/strict";
import { test } from "node:test";
import type { InstalledModel } from "../../src/catalog/model-store.js";
import { SottoError, sottoError } from "../../src/core/errors.js";
import { DEFAULT_REQUEST, type TranscribeRequest } from "../../src/core/request.js";
import { type ReadyRequest, serveLocalOrRemote } from "../../src/http/local-or-remote.js";
import type { OverflowJob, OverflowOutcome } from "../../src/remote/overflow.js";
import { segment, TWO_SEGMENTS } from "../render/sample-transcript.js";

const FULL = sottoError("queue_full", { limit: 1, what: "waiting requests", retryAfterSec: 9 }, { retryAfterSec: 9 });
const DOWN = sottoError("engine_unavailable", { reason: "it does not start" });
const ANSWERED: OverflowOutcome = { kind: "answered", transcript: { ...TWO_SEGMENTS, provider: "remote" } };
const NOBODY: OverflowOutcome = { kind: "no_candidate" };
const failed = (hasBegun = false): OverflowOutcome => ({
  kind: "failed",
  error: sottoError("provider_failed", { reason: "x" }),
  hasBegun,
});

interface Case {
  request?: Partial<TranscribeRequest>;
  waitMs?: number;
  /** One for each look for a place; the last stays. */
  refusals?: (SottoError | undefined)[];
  model?: InstalledModel | SottoError;
  outcome?: OverflowOutcome;
  local?: () => Promise<typeof TWO_SEGMENTS>;
  hasOverflow?: boolean;
}

/** Serves one request with parts that only write down what is asked of them. */
async function serve(
  one: Case,
): Promise<{ answer: string; went: string[]; jobs: OverflowJob[]; asked: string[]; promises: number }> {
  const { request = {}, waitMs = 0, refusals = [undefined], outcome = ANSWERED, hasOverflow = true } = one;
  const went: string[] = [];
  const jobs: OverflowJob[] = [];
  const left = [...refusals];
  let promises = 0;
  const ready: ReadyRequest = {
    parsed: { ...DEFAULT_REQUEST, model: "whisper-1", ...request },
    recording: { inputPath: "/upload", folder: "/" },
    model: one.model ?? ({ id: "base-q8_0" } as InstalledModel),
    requestId: "req_1",
    hold: {
      refusal: () => {
        const error = left.length > 1 ? left.shift() : left[0];
        const toError = () => {
          promises++;
          return error as SottoError;
        };
        return error && { isOwnersOwn: false, toError };
      },
      expectedWaitMs: waitMs,
      loadAhead: () => void went.push("load"),
      stepAside: () => void went.push("aside"),
      stepBack: () => void went.push("back"),
      arrived: async () => {},
      get ticket() {
        went.push("here");
        return undefined;
      },
    },
  };
  const parts = {
    transcriber: { transcribe: () => one.local?.() ?? Promise.resolve(TWO_SEGMENTS) },
    overflow: {
      overflowAfterMs: 10_000,
      transcribe: async (job: OverflowJob) => {
        went.push(job.reason);
        jobs.push(job);
        return outcome;
      },
    },
  };
  const onSegments = () => {};
  const asked: string[] = [];
  const answer = await serveLocalOrRemote(
    ready,
    { ...parts, overflow: hasOverflow ? parts.overflow : undefined },
    new AbortController().signal,
    { onSegments, onAsk: ({ provider }) => asked.push(provider) },
  ).then(
    ({ provider }) => provider,
    (error: unknown) => (error instanceof SottoError ? error.code : String(error)),
  );
  return { answer, went, jobs, asked, promises };
}

const missing = () => sottoError("model_not_found", { model: "large", installed: "base", remedy: "" });

test("the local engine serves until the wait is longer than it may be", async () => {
  assert.deepEqual((await serve({ waitMs: 10_000 })).went, ["here"]);
  const over = await serve({ waitMs: 10_001 });
  assert.deepEqual([over.answer, over.went], ["remote", ["load", "aside", "wait"]]);
  assert.deepEqual(over.jobs[0]?.modelNames, ["whisper-1", "base-q8_0"]);
  assert.deepEqual((await serve({ waitMs: 99_999, hasOverflow: false })).went, ["here"]);
});

test("what nobody does in place of a long wait is done here", async () => {
  for (const outcome of [NOBODY, failed()]) {
    const { answer, went, asked } = await serve({ waitMs: 10_001, outcome });
    assert.deepEqual([answer, went], ["local", ["load", "aside", "wait", "back", "here"]]);
    assert.equal(asked.at(-1), "local", "the headers say so");
  }
});

test("what has no place goes out; a place that has become free meanwhile is taken, before and after", async () => {
  assert.deepEqual((await serve({ refusals: [FULL] })).went, ["queue_full"]);
  assert.deepEqual((await serve({ refusals: [undefined] })).went, ["here"]);
  for (const outcome of [NOBODY, failed()]) {
    const { answer, went } = await serve({ refusals: [FULL, undefined], outcome });
    assert.deepEqual([answer, went], ["local", ["queue_full", "here"]]);
  }
});

test("without a place and without an answer it is 429 where nobody could be asked, 502 where all failed", async () => {
  assert.equal((await serve({ refusals: [FULL], outcome: NOBODY })).answer, "queue_full");
  assert.equal((await serve({ refusals: [FULL], outcome: failed() })).answer, "provider_failed");
});

test("a place is promised once, and only to a client that is told to come back", async () => {
  assert.equal((await serve({ refusals: [FULL], outcome: NOBODY })).promises, 1);
  for (const one of [{ outcome: ANSWERED }, { outcome: failed() }, { refusals: [FULL, undefined], outcome: NOBODY }]) {
    assert.equal((await serve({ refusals: [FULL], ...one })).promises, 0);
  }
});

test("a model that is not here goes out, and is 404 where nobody has it", async () => {
  const served = await serve({ model: missing() });
  assert.deepEqual([served.answer, served.went], ["remote", ["aside", "model"]]);
  assert.deepEqual(served.jobs[0]?.modelNames, ["whisper-1"]);
  assert.equal((await serve({ model: missing(), outcome: NOBODY })).answer, "model_not_found");
  assert.equal((await serve({ model: missing(), outcome: failed() })).answer, "provider_failed");
});

test("an engine that cannot run goes the same way, if the request lets another do it and nothing was told yet", async () => {
  const local = () => Promise.reject(DOWN);
  const fallback = { enableModelFallback: true };
  assert.equal((await serve({ local })).answer, "engine_unavailable");
  assert.deepEqual((await serve({ local, request: fallback })).went, ["here", "aside", "model"]);
  assert.equal((await serve({ local, request: fallback, outcome: NOBODY })).answer, "engine_unavailable");
  const crashed = () => Promise.reject(sottoError("engine_crashed", {}));
  assert.equal((await serve({ local: crashed, request: fallback })).answer, "engine_crashed");
});

test("half an answer is finished by nobody else", async () => {
  for (const one of [{ waitMs: 10_001 }, { refusals: [FULL, undefined] }, { model: missing() }]) {
    const { answer, went } = await serve({ ...one, outcome: failed(true) });
    assert.equal(answer, "provider_failed");
    assert.ok(!went.includes("here"));
  }
});

test("an engine that fails after its first words is not replaced either", async () => {
  const served: string[] = [];
  const local = { parsed: { ...DEFAULT_REQUEST, enableModelFallback: true }, recording: { inputPath: "", folder: "" } };
  const hold = {
    refusal: () => undefined,
    expectedWaitMs: 0,
    loadAhead: () => {},
    stepAside: () => {},
    stepBack: () => {},
    arrived: async () => {},
    ticket: undefined,
  };
  const asked = serveLocalOrRemote(
    { ...local, hold, model: { id: "base" } as InstalledModel, requestId: "" },
    {
      transcriber: {
        transcribe: async (_recording, _request, _model, _signal, listeners) => {
          await listeners?.onSegments?.([segment(0, 1, " Hello")]);
          throw DOWN;
        },
      },
      overflow: {
        overflowAfterMs: 0,
        transcribe: async () => {
          served.push("remote");
          return ANSWERED;
        },
      },
    },
    new AbortController().signal,
    { onSegments: () => {} },
  );
  await assert.rejects(asked, { code: "engine_unavailable" });
  assert.deepEqual(served, []);
});
