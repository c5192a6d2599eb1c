import assert from "node:assert/strict";
import { test } from "node:test";
import { ERRORS, type ErrorCode, SottoError, sottoError } from "../../src/core/errors.js";

test("details fill the places of the message", () => {
  const error = sottoError("file_too_large", { limitBytes: 5, actual: "9" });
  assert.equal(
    error.message,
    "The upload may hold at most 5 bytes, but it holds 9 bytes. Send a smaller file, or raise --max-upload-mb.",
  );
  assert.deepEqual([error.status, error.code, error.param, error.retryable], [413, "file_too_large", null, false]);
});

test("a detail that holds a place or a dollar is taken as it is", () => {
  const error = sottoError("invalid_value", { name: "x", expected: "$& {received}", received: "$1" });
  assert.equal(error.message, "Expected $& {received} for 'x', but received $1.");
});

test("the statuses are the contract's", () => {
  const expected: Partial<Record<ErrorCode, number>> = {
    missing_file: 400,
    empty_file: 400,
    invalid_value: 400,
    undecodable_audio: 400,
    audio_too_short: 400,
    audio_too_long: 400,
    no_audio_stream: 400,
    url_not_allowed: 400,
    url_fetch_failed: 400,
    model_not_found: 404,
    unknown_route: 404,
    method_not_allowed: 405,
    unsupported_content_type: 415,
    deadline_exceeded: 408,
    file_too_large: 413,
    queue_full: 429,
    rate_limited: 429,
    engine_crashed: 500,
    provider_failed: 502,
    decoder_missing: 503,
    shutting_down: 503,
    engine_unavailable: 503,
    storage_full: 507,
  };
  for (const [code, status] of Object.entries(expected)) assert.equal(ERRORS[code as ErrorCode].status, status, code);
});

test("whoever is told to come back is told when", () => {
  for (const [code, { status }] of Object.entries(ERRORS)) {
    if (status !== 503) continue;
    const error = new SottoError(code as ErrorCode, "");
    assert.ok((error.retryAfterSec ?? 0) > 0 && error.retryable, code);
  }
  assert.equal(sottoError("queue_full", { limit: 1, retryAfterSec: 9 }, { retryAfterSec: 9 }).retryAfterSec, 9);
});
