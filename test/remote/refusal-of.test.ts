import assert from "node:assert/strict";
import { test } from "node:test";
import { refusalOf } from "../../src/remote/refusal-of.js";

const NOW_MS = Date.parse("2026-03-01T12:00:00Z");
const refusal = (status: number, body: unknown = {}, retryAfter?: string, key?: string) =>
  refusalOf({ status, retryAfter, body: typeof body === "string" ? body : JSON.stringify(body), key }, NOW_MS);

test("whose fault a refusal is decides what it counts for", () => {
  const cases: [number, unknown, string, boolean, boolean][] = [
    // status, body, kind, counts for the breaker, another is asked
    [400, { error: { code: "audio_too_short", param: null } }, "audio", false, false],
    [400, { error: { code: "x", param: "file" } }, "audio", false, false],
    [400, { message: "m", code: "c", errors: { File: ["bad"] } }, "audio", false, false],
    [400, { code: "undecodable_audio" }, "audio", false, false],
    [415, { error: { code: "unsupported_file_type" } }, "audio", false, false],
    [422, { error: { param: "file" } }, "audio", false, false],
    // What we made of the request, the model there, or the balance: the provider's own matter.
    [400, { error: { code: "invalid_value", param: "response_format" } }, "refused", true, true],
    [400, { message: "insufficient balance", code: "x", errors: {} }, "refused", true, true],
    [400, "", "refused", true, true],
    [402, { error: { param: "file" } }, "refused", true, true],
    [401, {}, "unauthorized", true, true],
    [403, {}, "unauthorized", true, true],
    [404, { error: { param: "file" } }, "not_found", true, true],
    [408, {}, "refused", true, true],
    [413, {}, "too_large", false, true],
    [429, {}, "rate_limited", true, true],
    [500, {}, "server_error", true, true],
    [529, {}, "server_error", true, true],
    [301, {}, "redirect", true, true],
    [308, {}, "redirect", true, true],
    [204, {}, "garbage", true, true],
  ];
  for (const [status, body, kind, counts, mayPassOn] of cases) {
    const failure = refusal(status, body);
    assert.deepEqual([failure.kind, failure.counts, failure.mayPassOn], [kind, counts, mayPassOn], `${status} ${kind}`);
  }
});

test("Retry-After is seconds or a date, and an hour at the most", () => {
  const waitMs = (header: string) => refusal(429, {}, header).retryAfterMs;
  assert.equal(waitMs("7"), 7000);
  assert.equal(waitMs("Sun, 01 Mar 2026 12:01:00 GMT"), 60_000);
  assert.equal(waitMs("Sun, 01 Mar 2026 11:00:00 GMT"), 0);
  assert.equal(waitMs("999999999"), 3_600_000);
  for (const header of ["soon", "-5", ""]) assert.ok((waitMs(header) ?? 0) === 0, header);
});

test("what is kept for the log is short and without the key, wherever that stands", () => {
  const { detail = "", message } = refusal(401, `Bearer sk-1 and sk-1${"x".repeat(1000)}`, undefined, "sk-1");
  assert.ok(detail.startsWith("Bearer [key] and [key]x"));
  assert.equal(detail.length, 200);
  assert.equal(message, "unauthorized, status 401", "nothing of it is in the message");
});
