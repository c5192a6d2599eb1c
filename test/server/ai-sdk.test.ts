import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createOpenAI } from "@ai-sdk/openai";
import { APICallError, NoTranscriptGeneratedError, RetryError, experimental_transcribe as transcribe } from "ai";
import { fixtureOf } from "../support/fixtures.js";
import { longRecording } from "../support/long-recording.js";
import { wordsOf } from "../support/post.js";
import { type RunningServer, startServer } from "../support/sotto.js";

type TranscribeOptions = Parameters<typeof transcribe>[0];
type OpenAiOptions = Record<string, string | number | string[]>;

const clip = fixtureOf(3, 8);
const long = fixtureOf(45, 120);
const folder = mkdtempSync(join(tmpdir(), "sotto-ai-sdk-"));
/** Containers whose type the SDK tells from the first bytes and puts into the upload's name. */
const CONTAINERS = ["wav", "mp3", "flac", "ogg", "m4a", "webm"] as const;
const fileOf = (extension: string) => join(folder, `clip.${extension}`);
/** The reply itself, which the SDK hands on beside what it understands of it. */
const bodyOf = ({ responses: [first] }: Awaited<ReturnType<typeof transcribe>>) => (first as { body?: unknown }).body;
let server: RunningServer;

before(async () => {
  for (const extension of CONTAINERS) execFileSync("ffmpeg", ["-v", "error", "-i", clip.path, fileOf(extension)]);
  server = await startServer();
});
after(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

for (const prefix of ["/v1", "/openai/v1"]) {
  const provider = () => createOpenAI({ baseURL: `${server.url}${prefix}`, apiKey: "none is needed" });
  const hear = (model: string, openai?: OpenAiOptions, options: Partial<TranscribeOptions> = {}) =>
    transcribe({
      model: provider().transcription(model),
      audio: readFileSync(clip.path),
      maxRetries: 0,
      ...(openai ? { providerOptions: { openai } } : {}),
      ...options,
    });

  test(`${prefix}: the call without any option is answered with the text`, async () => {
    for (const model of ["whisper-1", "gpt-4o-transcribe", "sotto-mini"]) {
      const { text, warnings, responses } = await hear(model);
      assert.deepEqual(wordsOf(text), wordsOf(clip.text));
      assert.deepEqual(warnings, []);
      assert.match(responses[0]?.headers?.["x-request-id"] ?? "", /^req_/);
      assert.equal(responses[0]?.headers?.["x-sotto-model"], "sotto-mini");
    }
  });

  test(`${prefix}: any option brings verbose_json: segments, language as a code and duration`, async () => {
    const result = await hear("whisper-1", { temperature: 0, prompt: "Digits." });
    assert.deepEqual(wordsOf(result.text), wordsOf(clip.text));
    assert.equal(result.language, "en");
    assert.ok(Math.abs((result.durationInSeconds ?? 0) - clip.durationSec) < 0.05);
    assert.ok(result.segments.length > 0);
    assert.deepEqual(wordsOf(result.segments.map(({ text }) => text).join("")), wordsOf(clip.text));
    let earlierEnd = 0;
    for (const { startSecond, endSecond } of result.segments) {
      assert.ok(startSecond >= earlierEnd && endSecond > startSecond && endSecond <= clip.durationSec + 0.05);
      earlierEnd = endSecond;
    }
  });

  test(`${prefix}: names of models that have no verbose_json get json, with what they may include`, async () => {
    const result = await hear("gpt-4o-mini-transcribe", { include: ["logprobs"], language: "en" });
    assert.deepEqual(wordsOf(result.text), wordsOf(clip.text));
    assert.equal(result.durationInSeconds, Math.ceil(clip.durationSec), "of usage");
    const { logprobs } = bodyOf(result) as { logprobs: { token: string }[] };
    assert.equal(
      logprobs
        .map(({ token }) => token)
        .join("")
        .trim(),
      result.text,
    );
  });

  test(`${prefix}: words have times`, async () => {
    const result = await hear("whisper-1", { timestampGranularities: ["word", "segment"] });
    const { words } = bodyOf(result) as { words: { word: string; start: number; end: number }[] };
    assert.deepEqual(
      words.map(({ word }) => word),
      wordsOf(clip.text),
    );
    let earlierEnd = 0;
    for (const { start, end } of words) {
      assert.ok(start >= earlierEnd && end >= start && end <= clip.durationSec + 0.05);
      earlierEnd = end;
    }
  });

  test(`${prefix}: a language is obeyed, several restrict what is detected, keywords are taken`, async () => {
    assert.equal((await hear("whisper-1", { language: "de" })).language, "de");
    const either = await hear("whisper-1", { languages: ["fr", "es"], keywords: ["seven", "[nine]"] });
    assert.ok(["fr", "es"].includes(either.language ?? ""), either.language);
  });

  test(`${prefix}: every container that the SDK knows is heard`, async () => {
    for (const extension of CONTAINERS) {
      const { text } = await hear("whisper-1", undefined, { audio: readFileSync(fileOf(extension)) });
      assert.deepEqual(wordsOf(text), wordsOf(clip.text), extension);
    }
  });

  test(`${prefix}: silence is the SDK's NoTranscriptGeneratedError`, async () => {
    const silence = join(folder, "silence.wav");
    const source = ["-f", "lavfi", "-i", "anullsrc=r=16000:cl=mono", "-t", "2"];
    execFileSync("ffmpeg", ["-v", "error", "-y", ...source, silence]);
    await assert.rejects(hear("whisper-1", undefined, { audio: readFileSync(silence) }), (error) =>
      NoTranscriptGeneratedError.isInstance(error),
    );
  });

  test(`${prefix}: errors are the SDK's APICallError, with code, param and request id`, async () => {
    const cases = [
      ["nowhere", { language: "en" }, {}, 404, "model_not_found", "model"],
      ["whisper-1", { language: "klingon" }, {}, 400, "invalid_value", "language"],
      ["gpt-4o-transcribe", { timestampGranularities: ["word"] }, {}, 400, "invalid_value", "timestamp_granularities"],
      ["whisper-1", {}, { audio: readFileSync("package.json") }, 400, "undecodable_audio", "file"],
    ] as const;
    for (const [model, openai, options, status, code, param] of cases) {
      const error = await hear(model, openai as OpenAiOptions, options).catch((reason: unknown) => reason);
      assert.ok(APICallError.isInstance(error), String(error));
      assert.equal(error.statusCode, status);
      assert.equal(error.isRetryable, false);
      assert.match(error.responseHeaders?.["x-request-id"] ?? "", /^req_/);
      const body = (error.data as { error: { code: string; param: string; message: string } }).error;
      assert.deepEqual([body.code, body.param], [code, param]);
      assert.equal(error.message, body.message);
    }
  });

  test(`${prefix}: what may be sent again is, as often as was asked for, and then a RetryError`, async () => {
    let calls = 0;
    const impatient = createOpenAI({
      baseURL: `${server.url}${prefix}`,
      apiKey: "none is needed",
      // The SDK has no option for a deadline.
      fetch: (url, init) => {
        calls++;
        assert.ok(init?.body instanceof FormData);
        init.body.append("timeout_ms", "1");
        return fetch(url, init);
      },
    });
    const call = transcribe({
      model: impatient.transcription("whisper-1"),
      audio: readFileSync(long.path),
      maxRetries: 1,
    });
    const error = await call.catch((reason: unknown) => reason);
    assert.ok(RetryError.isInstance(error), String(error));
    assert.equal(calls, 2);
    const [first] = error.errors;
    assert.ok(APICallError.isInstance(first) && first.statusCode === 408 && first.isRetryable);
  });

  test(`${prefix}: a client that aborts stops waiting, and the next one is served`, async () => {
    const gone = new AbortController();
    const call = hear("whisper-1", undefined, { audio: readFileSync(longRecording(1800)), abortSignal: gone.signal });
    setTimeout(() => gone.abort(), 300);
    await assert.rejects(call, { name: "AbortError" });
    assert.deepEqual(wordsOf((await hear("whisper-1")).text), wordsOf(clip.text));
  });
}
