import assert from "node:assert/strict";
import { createReadStream } from "node:fs";
import { after, before, test } from "node:test";
import OpenAI, { APIError, BadRequestError, NotFoundError } from "openai";
import { fixtureOf } from "../support/fixtures.js";
import { longRecording } from "../support/long-recording.js";
import { wordsOf } from "../support/post.js";
import { type RunningServer, startServer } from "../support/sotto.js";

const clip = fixtureOf(1, 8);
const long = fixtureOf(45, 120);
let server: RunningServer;
let client: OpenAI;

before(async () => {
  server = await startServer();
  client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: "none is needed", maxRetries: 0 });
});
after(() => server.stop());

const audio = (path = clip.path) => createReadStream(path);

test("json: the default, with text, language, segments and usage", async () => {
  const reply = (await client.audio.transcriptions.create({
    file: audio(),
    model: "whisper-1",
  })) as OpenAI.Audio.Transcription & Record<string, unknown>;
  assert.deepEqual(wordsOf(reply.text), wordsOf(clip.text));
  assert.equal(reply.object, "audio.transcription");
  assert.equal(reply.provider, "local");
  assert.equal(reply.model, "sotto-mini");
  assert.equal(reply.language, "en");
  assert.match(String(reply.id), /^trn_/);
  assert.ok(Math.abs(Number(reply.created) - Date.now() / 1000) < 60);
  const usage = reply.usage as { type: string; seconds: number; audio_duration_seconds: number };
  assert.equal(usage.type, "duration");
  assert.equal(usage.seconds, Math.ceil(usage.audio_duration_seconds));
  assert.ok(Math.abs(usage.audio_duration_seconds - clip.durationSec) < 0.05);
});

test("verbose_json: all ten members of a segment, and the language by name", async () => {
  const reply = await client.audio.transcriptions.create({
    file: audio(),
    model: "whisper-1",
    response_format: "verbose_json",
  });
  assert.deepEqual(wordsOf(reply.text), wordsOf(clip.text));
  assert.equal(reply.language, "english");
  assert.ok(Math.abs(Number(reply.duration) - clip.durationSec) < 0.05);
  assert.equal((reply as unknown as { task: string }).task, "transcribe");
  assert.ok(reply.segments && reply.segments.length > 0);
  let earlierEnd = 0;
  for (const [index, segment] of reply.segments.entries()) {
    const members = [
      "id",
      "seek",
      "start",
      "end",
      "text",
      "tokens",
      "temperature",
      "avg_logprob",
      "compression_ratio",
      "no_speech_prob",
    ];
    for (const member of members) assert.ok(member in segment, member);
    assert.equal(segment.id, index);
    assert.ok(segment.start >= earlierEnd && segment.end > segment.start && segment.end <= clip.durationSec + 0.05);
    assert.ok(segment.avg_logprob <= 0 && segment.no_speech_prob < 0.5 && segment.tokens.length > 0);
    earlierEnd = segment.end;
  }
});

test("text, srt and vtt come as strings in their own shape", async () => {
  const create = (response_format: "text" | "srt" | "vtt") =>
    client.audio.transcriptions.create({
      file: audio(),
      model: "whisper-1",
      response_format,
    }) as unknown as Promise<string>;
  const text = await create("text");
  assert.deepEqual(wordsOf(text), wordsOf(clip.text));
  assert.ok(text.endsWith("\n"));
  assert.match(await create("srt"), /^1\n00:00:0\d,\d{3} --> 00:00:\d\d,\d{3}\n\S/);
  assert.match(await create("vtt"), /^WEBVTT\n\n00:00:0\d\.\d{3} --> 00:00:\d\d\.\d{3}\n\S/);
});

test("translations answer in the same formats", async () => {
  const reply = await client.audio.translations.create({ file: audio(), model: "whisper-1" });
  assert.deepEqual(wordsOf(reply.text), wordsOf(clip.text));
  const verbose = await client.audio.translations.create({
    file: audio(),
    model: "whisper-1",
    response_format: "verbose_json",
  });
  assert.equal((verbose as unknown as { task: string }).task, "translate");
});

test("a recording of several windows is one transcript, with times of the file", async () => {
  const reply = await client.audio.transcriptions.create({
    file: audio(long.path),
    model: "whisper-1",
    response_format: "verbose_json",
    language: "en",
  });
  const said = wordsOf(reply.text);
  const expected = wordsOf(long.text);
  const wrong = expected.length - longestCommon(said, expected);
  assert.ok(wrong / expected.length <= 0.1, `${wrong} of ${expected.length} words are wrong: ${reply.text}`);
  const last = reply.segments?.at(-1);
  assert.ok(last && last.end > 30 && last.end <= long.durationSec + 0.05);
});

test("a stream is read by the SDK event by event, and ends with the whole text", async () => {
  const stream = await client.audio.transcriptions.create({
    file: audio(long.path),
    model: "gpt-4o-transcribe",
    stream: true,
    include: ["logprobs"],
  });
  let joined = "";
  let text: string | undefined;
  for await (const event of stream) {
    assert.equal(text, undefined, "nothing comes after the end");
    if (event.type === "transcript.text.delta") {
      joined += event.delta;
      assert.ok(event.logprobs && event.logprobs.length > 0);
    } else if (event.type === "transcript.text.done") text = event.text;
  }
  assert.ok(joined.length > 0);
  assert.equal(text, joined);
});

test("words have times, with the SDK's own encoding of lists", async () => {
  const reply = await client.audio.transcriptions.create({
    file: audio(),
    model: "whisper-1",
    response_format: "verbose_json",
    timestamp_granularities: ["word", "segment"],
  });
  assert.deepEqual(
    reply.words?.map(({ word }) => word),
    wordsOf(clip.text),
  );
});

test("the SDK's encoding of objects is understood", async () => {
  const reply = await client.audio.transcriptions.create({
    file: audio(),
    model: "gpt-4o-transcribe",
    chunking_strategy: { type: "server_vad", threshold: 0.4, prefix_padding_ms: 300 },
    include: ["logprobs"],
  });
  const { logprobs } = reply as OpenAI.Audio.Transcription;
  assert.equal(
    logprobs
      ?.map(({ token }) => token)
      .join("")
      .trim(),
    reply.text,
  );
  assert.ok(logprobs?.every(({ logprob, bytes }) => Number(logprob) <= 0 && Array.isArray(bytes)));
});

test("models are listed and described", async () => {
  const ids = [];
  for await (const model of client.models.list()) ids.push(model.id);
  assert.deepEqual(ids, ["sotto-mini"]);
  const model = (await client.models.retrieve("sotto-mini")) as OpenAI.Model & Record<string, unknown>;
  assert.deepEqual([model.object, model.state], ["model", "loaded"]);
  assert.equal((await client.models.retrieve("whisper-1")).id, "sotto-mini");
});

test("errors are the SDK's own classes, with code, param and request id", async () => {
  const refused = async (promise: Promise<unknown>) => {
    const error = await promise.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof APIError);
    assert.match(error.requestID ?? "", /^req_/);
    return error;
  };
  const unknownModel = await refused(client.audio.transcriptions.create({ file: audio(), model: "base" }));
  assert.ok(unknownModel instanceof NotFoundError);
  assert.equal(unknownModel.code, "model_not_found");
  assert.match(unknownModel.message, /sotto-mini.*models pull base/s);
  const wrong = await refused(
    client.audio.transcriptions.create({ file: audio(), model: "whisper-1", temperature: 3 }),
  );
  assert.ok(wrong instanceof BadRequestError);
  assert.deepEqual([wrong.code, wrong.param, wrong.type], ["invalid_value", "temperature", "invalid_request_error"]);
});

test("a client that aborts stops the work, and the next one is served", async () => {
  const gone = new AbortController();
  const request = client.audio.transcriptions.create(
    { file: audio(longRecording(1800)), model: "whisper-1" },
    { signal: gone.signal },
  );
  setTimeout(() => gone.abort(), 300);
  await assert.rejects(request);
  const reply = await client.audio.transcriptions.create({ file: audio(), model: "whisper-1" });
  assert.deepEqual(wordsOf(reply.text), wordsOf(clip.text));
});

function longestCommon(a: string[], b: string[]): number {
  let row = new Array<number>(b.length + 1).fill(0);
  for (const word of a) {
    const next = [0];
    for (const [j, other] of b.entries()) {
      next.push(word === other ? (row[j] as number) + 1 : Math.max(row[j + 1] as number, next[j] as number));
    }
    row = next;
  }
  return row[b.length] as number;
}
