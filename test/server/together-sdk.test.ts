import assert from "node:assert/strict";
import { createReadStream } from "node:fs";
import { after, before, test } from "node:test";
import Together, {
  APIError,
  APIUserAbortError,
  AuthenticationError,
  BadRequestError,
  NotFoundError,
} from "together-ai";
import { fixtureOf } from "../support/fixtures.js";
import { longRecording } from "../support/long-recording.js";
import { wordsOf } from "../support/post.js";
import { type RunningServer, runSotto, startServer } from "../support/sotto.js";

type Transcription = Together.Audio.TranscriptionCreateResponse;
type Verbose = Extract<Transcription, { segments: unknown }>;

const clip = fixtureOf(3, 8);
let server: RunningServer;
let client: Together;

before(async () => {
  server = await startServer();
  client = clientWith("none is needed");
});
after(() => server.stop());

const clientWith = (apiKey: string) => new Together({ baseURL: `${server.url}/together/v1`, apiKey, maxRetries: 0 });
const audio = (path = clip.path) => createReadStream(path);

function verbose(reply: Transcription): Verbose {
  assert.ok("segments" in reply);
  return reply;
}

test("json: the text and nothing else, with no field but the file", async () => {
  const reply = await client.audio.transcriptions.create({ file: audio() });
  assert.deepEqual(Object.keys(reply), ["text"]);
  assert.deepEqual(wordsOf(reply.text), wordsOf(clip.text));
});

test("verbose_json: language by name, duration, and segments of four members in the order of the speech", async () => {
  const reply = verbose(
    await client.audio.transcriptions.create({
      file: audio(),
      model: "openai/whisper-large-v3",
      response_format: "verbose_json",
      temperature: 0,
      prompt: "Digits.",
    }),
  );
  assert.deepEqual(wordsOf(reply.text), wordsOf(clip.text));
  assert.equal(reply.language, "english");
  assert.ok(Math.abs(reply.duration - clip.durationSec) < 0.05);
  assert.ok(reply.segments.length > 0 && reply.words === undefined);
  let earlierEnd = 0;
  for (const [index, segment] of reply.segments.entries()) {
    assert.deepEqual(Object.keys(segment).sort(), ["end", "id", "start", "text"]);
    assert.ok(segment.id === index && segment.start >= earlierEnd && segment.end > segment.start);
    earlierEnd = segment.end;
  }
});

test("words have times, asked for alone or in a list", async () => {
  for (const timestamp_granularities of ["word", ["word", "segment"]] as const) {
    const reply = verbose(
      await client.audio.transcriptions.create({
        file: audio(),
        response_format: "verbose_json",
        timestamp_granularities: timestamp_granularities === "word" ? "word" : [...timestamp_granularities],
      }),
    );
    assert.deepEqual(
      reply.words?.map(({ word }) => word),
      wordsOf(clip.text),
    );
    let earlierEnd = 0;
    for (const { start, end } of reply.words ?? []) {
      assert.ok(start >= earlierEnd && end >= start && end <= clip.durationSec + 0.05);
      earlierEnd = end;
    }
  }
});

test("languages: a code and auto are heard, English where none is given", async () => {
  const language = async (asked?: string) =>
    verbose(
      await client.audio.transcriptions.create({
        file: audio(),
        response_format: "verbose_json",
        ...(asked === undefined ? {} : { language: asked }),
      }),
    ).language;
  assert.equal(await language(), "english");
  assert.equal(await language("auto"), "english");
  assert.equal(await language("de"), "german");
});

test("translations answer in both formats, in English", async () => {
  const plain = await client.audio.translations.create({ file: audio() });
  assert.deepEqual(Object.keys(plain), ["text"]);
  const spoken = await client.audio.translations.create({
    file: audio(),
    response_format: "verbose_json",
    timestamp_granularities: ["word"],
  });
  assert.ok("segments" in spoken && spoken.language === "english");
  assert.deepEqual(
    spoken.words?.map(({ word }) => word),
    wordsOf(clip.text),
  );
});

async function refusal(
  call: Promise<unknown>,
  kind: typeof BadRequestError | typeof NotFoundError | typeof AuthenticationError,
): Promise<{ message: string; code: string; param: string | null; type: string }> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof APIError && error instanceof kind, String(error));
  assert.match(error.headers?.get("x-request-id") ?? "", /^req_/);
  const { error: body } = error.error as { error: { message: string; code: string; param: string; type: string } };
  assert.ok(error.message.includes(body.message), "the message reaches whoever reads the exception");
  return body;
}

test("errors are the SDK's own classes, with code, param and request id", async () => {
  const create = (fields: object) =>
    client.audio.transcriptions.create({ file: audio(), ...fields } as Together.Audio.TranscriptionCreateParams);
  const cases = [
    [{ model: "base" }, NotFoundError, "model_not_found", "model"],
    [{ temperature: 3 }, BadRequestError, "invalid_value", "temperature"],
    [{ language: "klingon" }, BadRequestError, "invalid_value", "language"],
    [{ response_format: "srt" }, BadRequestError, "invalid_value", "response_format"],
    [{ diarize: true }, BadRequestError, "invalid_value", "diarize"],
    [{ min_speakers: 3, max_speakers: 2 }, BadRequestError, "invalid_value", "min_speakers"],
    [{ file: "https://example.com/a.wav" }, BadRequestError, "url_not_allowed", "file"],
    [{ file: audio("package.json") }, BadRequestError, "undecodable_audio", "file"],
  ] as const;
  for (const [fields, kind, code, param] of cases) {
    const { message, ...rest } = await refusal(create(fields), kind);
    assert.deepEqual(rest, { type: "invalid_request_error", param, code }, message);
  }
});

test("a client that aborts has the SDK's abort error, and the next one is served", async () => {
  const gone = new AbortController();
  const request = client.audio.transcriptions.create({ file: audio(longRecording(1800)) }, { signal: gone.signal });
  setTimeout(() => gone.abort(), 300);
  await assert.rejects(request, APIUserAbortError);
  const { text } = await client.audio.transcriptions.create({ file: audio() });
  assert.deepEqual(wordsOf(text), wordsOf(clip.text));
});

// The last: from here on the server wants a key.
test("a wrong key is the SDK's AuthenticationError, and a right one is served", async () => {
  const created = await runSotto(["keys", "create", "together", "--home", server.home]);
  const served = clientWith(created.stdout.trim());
  for (let waitedMs = 0; ; waitedMs += 50) {
    const refused = await client.audio.transcriptions.create({ file: audio() }).catch((reason: unknown) => reason);
    if (refused instanceof AuthenticationError) break;
    assert.ok(waitedMs < 20_000, "the key is in force soon");
  }
  const { code } = await refusal(client.audio.transcriptions.create({ file: audio() }), AuthenticationError);
  assert.equal(code, "invalid_api_key");
  const { text } = await served.audio.transcriptions.create({ file: audio() });
  assert.deepEqual(wordsOf(text), wordsOf(clip.text));
});
