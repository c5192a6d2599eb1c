import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { OverflowRecord } from "../../src/remote/overflow-record.js";
import { StandIn } from "../remote/stand-in.js";
import { eventsOf } from "../support/events.js";
import { fixtureOf } from "../support/fixtures.js";
import { longRecording } from "../support/long-recording.js";
import { type ErrorBody, postFile, wordsOf } from "../support/post.js";
import { type RunningServer, startServer } from "../support/sotto.js";

const KEY = "sk-live-0123456789abcdef";
const folder = mkdtempSync(join(tmpdir(), "sotto-overflow-"));
const configPath = join(folder, "config.json");
const clip = fixtureOf(1, 8);
const wav = join(folder, "clip.wav");
const endless = longRecording(1800);
const TRANSCRIPTIONS = "/v1/audio/transcriptions";

let first: StandIn;
let second: StandIn;
/** One slot, no queue: a second request is one too many. */
let server: RunningServer;

function writeConfig(options: object = {}, more: object[] = []): void {
  const common = { apiKeyEnv: "PROVIDER_KEY", firstByteTimeoutMs: 700, speed: 100 };
  const providers = [
    {
      ...common,
      name: "first",
      dialect: "openai",
      baseUrl: first.baseUrl,
      pricePerMinute: 1,
      models: { "*": "gpt-4o-transcribe" },
    },
    {
      ...common,
      name: "second",
      dialect: "cortecs",
      baseUrl: second.baseUrl,
      pricePerMinute: 2,
      eu: true,
      models: { "sotto-mini": "whisper-large-v3" },
    },
    ...more,
  ];
  writeFileSync(configPath, JSON.stringify({ workers: 1, maxQueue: 0, logLevel: "info", ...options, providers }));
}

before(async () => {
  execFileSync("ffmpeg", ["-v", "error", "-i", clip.path, wav]);
  first = await StandIn.start("openai", KEY);
  second = await StandIn.start("cortecs", KEY);
  writeConfig();
  server = await startServer(["--config", configPath], { PROVIDER_KEY: KEY });
});
beforeEach(() => {
  first.moods = ["answers"];
  second.moods = ["answers"];
});
after(async () => {
  assert.equal(await server.stop(), 0);
  await first.stop();
  await second.stop();
  rmSync(folder, { recursive: true, force: true });
});

const spool = ({ home }: RunningServer) => readdirSync(join(home, "spool"));
/** The records of overflows in a log. */
const recordsOf = ({ log }: RunningServer) =>
  log()
    .split("\n")
    .filter((line) => line.includes('"overflow":'))
    .map((line) => (JSON.parse(line) as { overflow: OverflowRecord }).overflow);

/**
 * Keeps the only slot busy while `during` runs, however fast this machine is or slow `during`: with a recording that takes much longer, whose
 * client then leaves.
 */
async function whileBusy<Result>(at: RunningServer, during: () => Promise<Result>): Promise<Result> {
  const leaving = new AbortController();
  let ended = false;
  const busy = postFile(`${at.url}${TRANSCRIPTIONS}`, endless, {}, {}, leaving.signal).then(
    () => {
      ended = true;
    },
    (error: Error) => assert.equal(error.name, "AbortError"),
  );
  const isAtWork = () => spool(at).some((name) => readdirSync(join(at.home, "spool", name)).includes("audio.s16le"));
  for (let waitedMs = 0; !isAtWork(); waitedMs += 5) {
    assert.ok(waitedMs < 10_000, "it is at work");
    await sleep(5);
  }
  const result = await during();
  assert.ok(!ended, "the slot was busy all the time");
  leaving.abort();
  await busy;
  for (let waitedMs = 0; spool(at).length > 0; waitedMs += 5) {
    assert.ok(waitedMs < 10_000, "it has left");
    await sleep(5);
  }
  return result;
}
const post = (fields: Record<string, string> = {}, headers: Record<string, string> = {}, path = TRANSCRIPTIONS) =>
  postFile(`${server.url}${path}`, wav, { preference: "cost", ...fields }, headers);

test("the local engine serves first, however cheap the others are", async () => {
  const reply = await post({ eu_native: "1", colour: "x" });
  const body = (await reply.json()) as { text: string; provider: string };
  assert.deepEqual([reply.status, body.provider, reply.headers.get("x-sotto-provider")], [200, "local", "local"]);
  assert.deepEqual(wordsOf(body.text), wordsOf(clip.text));
  assert.equal(reply.headers.get("x-sotto-ignored"), "colour", "the router's fields count");
  assert.equal(first.received.length + second.received.length, 0);
});

test("a request for which there is no place goes out, and the answer says who made it", async () => {
  const replies = await whileBusy(server, async () => {
    const json = await post();
    const verbose = await post({ response_format: "verbose_json", "timestamp_granularities[]": "word" });
    const srt = await post({ response_format: "srt", eu_native: "true" });
    const v2 = await post({}, {}, "/api/v2/Audio/transcribe");
    return { json, verbose, srt, v2 };
  });
  for (const [name, reply] of Object.entries(replies)) assert.equal(reply.status, 200, name);
  const body = (await replies.json.json()) as Record<string, unknown>;
  assert.deepEqual([body.provider, body.model, body.text], ["first", "gpt-4o-transcribe", "Hello world. Good bye."]);
  const headersOf = ({ headers }: Response) => [headers.get("x-sotto-provider"), headers.get("x-sotto-model")];
  assert.deepEqual(headersOf(replies.json), ["first", "gpt-4o-transcribe"]);
  assert.deepEqual(headersOf(replies.srt), ["second", "whisper-large-v3"]);
  const { words } = (await replies.verbose.json()) as { words: { word: string }[] };
  assert.deepEqual(
    words.map(({ word }) => word),
    ["Hello", "world", "Good", "bye"],
  );
  assert.match(await replies.srt.text(), /^1\n00:00:00,000 --> 00:00:01,\d+\nHello world\.\n\n2\n/);
  assert.equal(((await replies.v2.json()) as { transcript: string }).transcript, "Hello world. Good bye.");
  const [record] = recordsOf(server);
  assert.deepEqual([record?.rule, record?.candidates, record?.answer], ["queue_full", ["first", "second"], "first"]);
});

test("a provider that is down costs no request that the other can serve; when both fail the answer is 502", async () => {
  first.moods = ["hangs"];
  const { served, failed } = await whileBusy(server, async () => {
    const one = await post();
    first.moods = [{ status: 503 }];
    second.moods = [{ status: 500 }];
    return { served: one, failed: await post() };
  });
  assert.deepEqual([served.status, served.headers.get("x-sotto-provider")], [200, "second"]);
  const { error } = (await failed.json()) as ErrorBody;
  assert.deepEqual([failed.status, error.code, failed.headers.get("x-should-retry")], [502, "provider_failed", "true"]);
  assert.match(error.message, /first: server_error, status 503; second: server_error, status 500/);
});

test("where nobody may be asked the answer is 429 with the time to come back, and nothing is sent", async () => {
  const sent = first.received.length + second.received.length;
  const reply = await whileBusy(server, () => post({ "allowed_providers[]": "nobody" }));
  const { error } = (await reply.json()) as ErrorBody;
  assert.deepEqual([reply.status, error.code], [429, "queue_full"]);
  assert.ok(Number(reply.headers.get("retry-after")) >= 1);
  assert.equal(first.received.length + second.received.length, sent);
});

test("a model that is not here is served elsewhere only if the request lets it be", async () => {
  const without = await post({ model: "large-v3-x" });
  assert.deepEqual([without.status, ((await without.json()) as ErrorBody).error.code], [404, "model_not_found"]);
  const reply = await post({ model: "large-v3-x", enable_model_fallback: "true" });
  const body = (await reply.json()) as { provider: string; model: string };
  assert.deepEqual([reply.status, body.provider, body.model], [200, "first", "gpt-4o-transcribe"]);
  assert.equal(recordsOf(server).at(-1)?.rule, "model");
  const nobody = { model: "large-v3-x", enable_model_fallback: "1", eu_native: "1" };
  const none = await post(nobody);
  assert.deepEqual([none.status, ((await none.json()) as ErrorBody).error.code], [404, "model_not_found"]);
  assert.deepEqual(recordsOf(server).at(-1)?.refused, { first: "eu_native", second: "model" });
});

test("a stream passes through, and one is made where the provider has none", async () => {
  first.eventPauseMs = 60;
  const { passed, made } = await whileBusy(server, async () => ({
    passed: await read(await post({ stream: "true" })),
    made: await read(await post({ stream: "true", eu_native: "true" })),
  }));
  first.eventPauseMs = 0;
  assert.deepEqual([passed.provider, made.provider], ["first", "second"]);
  assert.deepEqual(passed.deltas, ["Hello", " world.", " Good", " bye."]);
  assert.deepEqual(made.deltas, ["Hello world.", " Good bye."]);
  assert.equal(passed.text, "Hello world. Good bye.");
  assert.ok(passed.tookMs >= 120, "as it came, not at the end");

  async function read(reply: Response) {
    const times: number[] = [];
    const deltas: string[] = [];
    let text = "";
    for await (const event of eventsOf(reply)) {
      if (event.delta !== undefined) deltas.push(event.delta);
      if (event.delta !== undefined) times.push(event.atMs);
      text = event.text ?? text;
    }
    const tookMs = (times.at(-1) ?? 0) - (times[0] ?? 0);
    return { deltas, text, tookMs, provider: reply.headers.get("x-sotto-provider") };
  }
});

test("a stream that breaks off midway ends with an error event", async () => {
  first.moods = ["cuts"];
  const events = await whileBusy(server, async () => {
    const all = [];
    for await (const event of eventsOf(await post({ stream: "true" }))) all.push(event);
    return all;
  });
  assert.deepEqual([events[0]?.delta, events.at(-1)?.error?.code], ["Hello", "provider_failed"]);
});

test("forty at once, and providers that fail now and then: each gets an answer or is told when to come back, and nothing stays", async () => {
  first.moods = ["garbles", "answers", { status: 500 }, "answers", "cuts", "answers", "answers"];
  second.moods = ["answers", { status: 503 }, "answers", "mistakes", "answers"];
  const replies = await whileBusy(server, () =>
    Promise.all(Array.from({ length: 40 }, (_, index) => post({ prompt: `number ${index}` }))),
  );
  const by = new Map<number, number>();
  for (const reply of replies) {
    by.set(reply.status, (by.get(reply.status) ?? 0) + 1);
    if (reply.status === 200) assert.notEqual(((await reply.json()) as { text: string }).text, "");
    else
      assert.ok([429, 502].includes(reply.status) && Number(reply.headers.get("retry-after")) >= 1, `${reply.status}`);
  }
  assert.ok((by.get(200) ?? 0) >= 3 && (by.get(429) ?? 0) >= 1, JSON.stringify([...by]));
  [first.moods, second.moods] = [["answers"], ["answers"]];
  const after = await whileBusy(server, () =>
    Promise.all(Array.from({ length: 8 }, (_, index) => post({ prompt: `then ${index}` }))),
  );
  assert.deepEqual(
    after.map(({ status }) => status),
    Array(8).fill(200),
    "every place with a provider is free again",
  );
});

test("what has overflowed once goes nowhere else", async () => {
  const reply = await whileBusy(server, () => post({}, { "x-sotto-overflow": "1" }));
  assert.equal(reply.status, 429);
});

test("a client that leaves ends the request at the provider", async () => {
  first.moods = ["hangs"];
  const { leftCount } = first;
  const received = first.received.length;
  await whileBusy(server, async () => {
    const leaving = new AbortController();
    const form = new FormData();
    form.append("file", new Blob([readFileSync(wav)]), "clip.wav");
    form.append("preference", "cost");
    const gone = fetch(`${server.url}${TRANSCRIPTIONS}`, { method: "POST", body: form, signal: leaving.signal });
    for (let waitedMs = 0; first.received.length === received; waitedMs += 10) {
      assert.ok(waitedMs < 20_000);
      await sleep(10);
    }
    leaving.abort();
    await assert.rejects(gone);
    for (let waitedMs = 0; first.leftCount === leftCount; waitedMs += 10) {
      assert.ok(waitedMs < 20_000, "the provider is left too");
      await sleep(10);
    }
  });
});

test("the key is in no log line, even when a provider repeats it", async () => {
  first.moods = [{ status: 400, body: `{"error":{"message":"bad key ${KEY}","param":null}}` }];
  await whileBusy(server, () => post());
  assert.equal(recordsOf(server).at(-1)?.tries[0]?.detail, '{"error":{"message":"bad key [key]","param":null}}');
  assert.ok(!server.log().includes(KEY));
});

test("SIGHUP reads the providers again; a mistake in them changes nothing", async () => {
  const hangUp = async (expected: RegExp) => {
    const from = server.log().length;
    server.child.kill("SIGHUP");
    for (let waitedMs = 0; !expected.test(server.log().slice(from)); waitedMs += 10) {
      assert.ok(waitedMs < 20_000, server.log().slice(from));
      await sleep(10);
    }
  };
  writeFileSync(configPath, JSON.stringify({ workers: 1, maxQueue: 0, providers: [{ name: "x" }] }));
  await hangUp(/nothing was changed: Expected a value for providers\[0\]\.dialect/);
  assert.equal((await whileBusy(server, () => post())).status, 200);
  writeFileSync(configPath, JSON.stringify({ workers: 1, maxQueue: 0, providers: [] }));
  await hangUp(/providers were read again/);
  const reply = await whileBusy(server, () => post());
  assert.equal(reply.status, 429);
  assert.equal((await post()).headers.get("x-sotto-ignored"), "preference");
});
