import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createReadStream, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Ajv2020 } from "ajv/dist/2020.js";
import OpenAI, { APIError } from "openai";
import { openApiDocument } from "../../src/http/openapi.js";
import { eventsOf } from "../support/events.js";
import { fixtureOf } from "../support/fixtures.js";
import { longRecording } from "../support/long-recording.js";
import { type ErrorBody, postFile, wordsOf } from "../support/post.js";
import { enginesOf } from "../support/processes.js";
import { type RunningServer, startServer } from "../support/sotto.js";

const clip = fixtureOf(2, 8);
const long = fixtureOf(45, 120);
/** It takes seconds. */
const endless = longRecording(1800);
const folder = mkdtempSync(join(tmpdir(), "sotto-stream-"));
let server: RunningServer;
let url: string;

before(async () => {
  server = await startServer();
  url = `${server.url}/v1/audio/transcriptions`;
});
after(async () => {
  assert.equal(await server.stop(), 0);
  rmSync(folder, { recursive: true, force: true });
});

async function collect(reply: Response) {
  const events = [];
  for await (const event of eventsOf(reply)) events.push(event);
  return events;
}

test("the joined deltas are the text of the last event, and the text that json has", async () => {
  const whole = (await (await postFile(url, long.path)).json()) as { text: string; usage: object };
  const reply = await postFile(url, long.path, { stream: "true" });
  assert.equal(reply.headers.get("content-type"), "text/event-stream; charset=utf-8");
  for (const name of ["x-request-id", "x-sotto-model", "x-sotto-provider", "openai-processing-ms"]) {
    assert.ok(reply.headers.get(name), name);
  }
  const events = await collect(reply);
  const done = events.at(-1);
  const deltas = events.slice(0, -1);
  assert.ok(deltas.length > 2 && deltas.every(({ type }) => type === "transcript.text.delta"));
  assert.equal(done?.type, "transcript.text.done");
  assert.equal(deltas.map(({ delta }) => delta).join(""), done.text);
  assert.deepEqual([done.text, done.usage], [whole.text, whole.usage]);
});

test("every event is what the API's description says, also with log-probabilities and diagnostics", async () => {
  const ajv = new Ajv2020({ strict: false });
  ajv.addSchema({ $id: "api", ...openApiDocument() });
  const validatorOf = (name: string) => ajv.compile({ $ref: `api#/components/schemas/${name}` });
  const schemas = {
    "transcript.text.delta": validatorOf("StreamDelta"),
    "transcript.text.done": validatorOf("StreamDone"),
  };
  const kinds = new Set<string>();
  for (const fields of [{}, { include: '["logprobs","diagnostics"]' }]) {
    for (const { atMs: _, ...event } of await collect(await postFile(url, clip.path, { stream: "true", ...fields }))) {
      const validate = schemas[event.type as keyof typeof schemas];
      assert.ok(validate(event), `${JSON.stringify(event)}: ${JSON.stringify(validate.errors)}`);
      kinds.add(`${event.type} ${Object.keys(event).sort()}`);
    }
  }
  assert.deepEqual([...kinds].sort(), [
    "transcript.text.delta delta,logprobs,type",
    "transcript.text.delta delta,type",
    "transcript.text.done diagnostics,logprobs,text,type,usage",
    "transcript.text.done text,type,usage",
  ]);
});

test("silence is a stream of one event", async () => {
  const silence = join(folder, "silence.wav");
  execFileSync("ffmpeg", ["-v", "error", "-f", "lavfi", "-i", "anullsrc=r=16000:cl=mono", "-t", "3", silence]);
  const events = await collect(await postFile(url, silence, { stream: "1" }));
  assert.deepEqual(
    events.map(({ type, text }) => [type, text]),
    [["transcript.text.done", ""]],
  );
});

test("the first delta of half an hour comes with the first windows, not with the last", async () => {
  const startedMs = performance.now();
  const events = await collect(await postFile(url, endless, { stream: "true" }));
  const firstMs = (events[0]?.atMs ?? 0) - startedMs;
  const wholeMs = (events.at(-1)?.atMs ?? 0) - startedMs;
  assert.ok(events.length > 60, "it has many windows");
  // How soon it comes in parts of a window's own time is measured by scripts/bench/first-delta.mjs.
  assert.ok(firstMs < wholeMs / 2, `${firstMs.toFixed(0)} of ${wholeMs.toFixed(0)} ms`);
});

test("what fails before the first event is an ordinary error", async () => {
  for (const [fields, file, status, code] of [
    [{ model: "nowhere" }, clip.path, 404, "model_not_found"],
    [{ response_format: "srt" }, clip.path, 400, "invalid_value"],
    [{}, "package.json", 400, "undecodable_audio"],
  ] as const) {
    const reply = await postFile(url, file, { ...fields, stream: "true" });
    assert.deepEqual([reply.status, ((await reply.json()) as ErrorBody).error.code], [status, code]);
  }
});

/** A server of its own, whose engines end one after the other once `begin` was called. */
async function withDoomedServer(use: (server: RunningServer, begin: () => void) => Promise<void>): Promise<void> {
  const doomed = await startServer();
  let hunt: NodeJS.Timeout | undefined;
  const begin = () => {
    hunt ??= setInterval(() => {
      for (const pid of enginesOf(doomed.child.pid)) process.kill(pid, "SIGKILL");
    }, 20);
  };
  try {
    await use(doomed, begin);
  } finally {
    clearInterval(hunt);
    await doomed.stop();
  }
}

test("what fails midway is one event with the error, and nothing after it", async () => {
  await withDoomedServer(async (doomed, begin) => {
    const events = [];
    const reply = await postFile(`${doomed.url}/v1/audio/transcriptions`, endless, { stream: "true" });
    for await (const event of eventsOf(reply)) {
      begin();
      events.push(event);
    }
    const failures = events.filter(({ error }) => error);
    assert.equal(failures.length, 1);
    assert.equal(events.at(-1), failures[0]);
    assert.ok(events.length > 1);
    assert.match(failures[0]?.error?.code ?? "", /^engine_/);
  });
});

test("what fails midway is raised by the SDK as its own error, with the code", async () => {
  await withDoomedServer(async (doomed, begin) => {
    const client = new OpenAI({ baseURL: `${doomed.url}/v1`, apiKey: "none is needed", maxRetries: 0 });
    const file = createReadStream(endless);
    const stream = await client.audio.transcriptions.create({ file, model: "gpt-4o-transcribe", stream: true });
    const reading = (async () => {
      for await (const { type } of stream) {
        assert.equal(type, "transcript.text.delta");
        begin();
      }
    })();
    await assert.rejects(reading, (error) => error instanceof APIError && /^engine_/.test(String(error.code)));
  });
});

test("a client that leaves midway stops the work: its files are gone and the next one is served", async () => {
  const gone = new AbortController();
  const form = new FormData();
  form.append("stream", "true");
  form.append("file", new Blob([readFileSync(endless)]), "a.opus");
  const reply = await fetch(url, { method: "POST", body: form, signal: gone.signal });
  for await (const { type } of eventsOf(reply)) {
    assert.equal(type, "transcript.text.delta");
    break;
  }
  gone.abort();
  const spool = join(server.home, "spool");
  for (let waitedMs = 0; readdirSync(spool).length > 0; waitedMs += 20) {
    assert.ok(waitedMs < 2000, "the spool is empty soon");
    await sleep(20);
  }
  const { text } = (await (await postFile(url, clip.path)).json()) as { text: string };
  assert.deepEqual(wordsOf(text), wordsOf(clip.text));
});

test("openai: whisper-1 answers in one piece, other names stream with usage in seconds", async () => {
  const openai = `${server.url}/openai/v1/audio/transcriptions`;
  const whole = await postFile(openai, clip.path, { stream: "true", model: "whisper-1" });
  assert.match(whole.headers.get("content-type") ?? "", /^application\/json/);
  const events = await collect(await postFile(openai, clip.path, { stream: "true", model: "gpt-4o-transcribe" }));
  assert.deepEqual(events.at(-1)?.usage, { type: "duration", seconds: Math.ceil(clip.durationSec) });
});
