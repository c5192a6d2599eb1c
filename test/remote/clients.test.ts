import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, beforeEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { PROVIDER_DIALECTS, type ProviderDialect } from "../../src/core/provider-settings.js";
import type { TranscribeRequest } from "../../src/core/request.js";
import { type Segment, transcriptText } from "../../src/core/result.js";
import { keptUpload } from "../../src/remote/kept-upload.js";
import { ProviderClient } from "../../src/remote/provider-client.js";
import { ProviderFailure } from "../../src/remote/provider-failure.js";
import { verboseReply } from "../../src/render/verbose-json.js";
import { expectSchema } from "../support/schemas.js";
import { jobOf, settingsOf, wavFile } from "./samples.js";
import { DURATION_SEC, SERVICES } from "./services.js";
import { type Mood, StandIn } from "./stand-in.js";

const KEY = "sk-secret-0123456789";
const standIns = new Map<ProviderDialect, StandIn>();
const standInOf = (dialect: ProviderDialect) => standIns.get(dialect) as StandIn;
const go = () => new AbortController().signal;

before(async () => {
  for (const dialect of PROVIDER_DIALECTS) standIns.set(dialect, await StandIn.start(dialect, KEY));
});
beforeEach(() => {
  for (const standIn of standIns.values()) {
    standIn.moods = ["answers"];
    standIn.text = "Hello world. Good bye.";
  }
});
after(async () => {
  for (const standIn of standIns.values()) await standIn.stop();
});

const FAST = { connectTimeoutMs: 500, firstByteTimeoutMs: 300, timeoutMs: 600, speed: 1000 };
function clientOf(dialect: ProviderDialect, { key = KEY, ...given }: Record<string, unknown> & { key?: string } = {}) {
  const settings = settingsOf({ name: `the-${dialect}`, dialect, baseUrl: standInOf(dialect).baseUrl, ...given });
  return new ProviderClient({ settings, key, timeoutMs: 10_000 });
}
const ask = async (dialect: ProviderDialect, request: Partial<TranscribeRequest> = {}, job = {}, settings = {}) =>
  clientOf(dialect, settings).transcribe(await jobOf(request, job), go());

async function failureOf(asked: Promise<unknown>): Promise<ProviderFailure> {
  const error = await asked.then(
    () => new Error("it was answered"),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof ProviderFailure, String(error));
  return error;
}

for (const dialect of PROVIDER_DIALECTS) {
  test(`${dialect}: its stand-in answers as the service is described, in the formats that its client asks for`, async () => {
    await ask(dialect, { granularities: ["word", "segment"] });
    const reply = SERVICES[dialect].answer(standInOf(dialect).last, "Hello world. Good bye.");
    const format = dialect === "v2" || dialect === "cortecs" ? "json" : "verbose_json";
    expectSchema(`${dialect}#${format}`, JSON.parse(reply.body));
    expectSchema(`${dialect}#error`, JSON.parse(SERVICES[dialect].error(400, "no", "file").body));
  });

  test(`${dialect}: a reply becomes a transcript from which every format can be rendered`, async () => {
    const path = wavFile();
    const transcript = await ask(dialect, { granularities: ["word"], prompt: "Names.", temperature: 0.5 });
    assert.equal(transcriptText(transcript), "Hello world. Good bye.");
    assert.deepEqual(
      [transcript.provider, transcript.model, transcript.language, transcript.durationMs, transcript.task],
      [`the-${dialect}`, "whisper-1", "en", DURATION_SEC * 1000, "transcribe"],
    );
    assert.equal(transcript.segments.length, dialect === "v2" ? 1 : 2);
    assert.equal(transcript.segments.at(-1)?.endMs, 3520);
    assert.deepEqual(
      transcript.words?.map(({ word }) => word),
      ["Hello", "world", "Good", "bye"],
    );
    expectSchema("openai#verbose_json", verboseReply(transcript));

    const { last } = standInOf(dialect);
    assert.equal(last.headers.authorization, `Bearer ${KEY}`);
    assert.equal(last.headers["x-request-id"], "req_1");
    assert.equal(last.file?.name, "audio.wav");
    assert.deepEqual(last.file?.bytes, readFileSync(path), "the upload arrives as it is");
    assert.equal(standInOf(dialect).field("prompt"), "Names.");
    assert.equal(standInOf(dialect).field(dialect === "v2" ? "modelId" : "model"), "whisper-1");
  });

  test(`${dialect}: silence is no segment`, async () => {
    standInOf(dialect).text = "";
    const transcript = await ask(dialect);
    assert.deepEqual([transcriptText(transcript), transcript.segments], ["", []]);
  });

  test(`${dialect}: text in a script without spaces stays as it came`, async () => {
    standInOf(dialect).text = "こんにちは.さようなら.";
    assert.equal(transcriptText(await ask(dialect)), "こんにちは.さようなら.");
  });

  const failures: [string, Mood, string][] = [
    ["400", { status: 400 }, "refused"],
    ["403", { status: 403 }, "unauthorized"],
    ["404", { status: 404 }, "not_found"],
    ["413", { status: 413 }, "too_large"],
    ["429", { status: 429, headers: { "retry-after": "7" } }, "rate_limited"],
    ["500", { status: 500 }, "server_error"],
    ["an error that is no JSON", { status: 503, body: "<html>" }, "server_error"],
    ["a redirect", { redirectTo: "http://127.0.0.1:1/elsewhere" }, "redirect"],
    ["no answer", "hangs", "timeout"],
    ["an answer that stops", "stalls", "timeout"],
    ["an answer that is cut off", "cuts", "cut_off"],
    ["a page of HTML", "garbles", "garbage"],
    ["JSON of another shape", "mistakes", "garbage"],
  ];
  for (const [name, mood, kind] of failures) {
    test(`${dialect}: ${name} is a failure of the kind ${kind}`, async () => {
      standInOf(dialect).moods = [mood];
      const failure = await failureOf(ask(dialect, {}, { durationMs: 1000 }, FAST));
      assert.equal(failure.kind, kind);
      assert.equal(failure.retryAfterMs, name === "429" ? 7000 : undefined);
      assert.doesNotMatch(failure.message, /127\.0\.0\.1|secret/);
    });
  }

  test(`${dialect}: a wrong key is told by no message, though the service repeats it`, async () => {
    const wrongKey = "sk-wrong-key";
    const failure = await failureOf(ask(dialect, {}, {}, { key: wrongKey }));
    assert.deepEqual([failure.kind, failure.status], ["unauthorized", 401]);
    assert.match(failure.detail ?? "", /Incorrect API key provided: Bearer \[key\]/);
    assert.doesNotMatch(JSON.stringify(failure) + failure.message + failure.stack, /sk-wrong/);
  });

  test(`${dialect}: a recording that it cannot hear is told from a request that it does not like`, async () => {
    const { body } = SERVICES[dialect].error(400, "The file is damaged.", "file");
    standInOf(dialect).moods = [{ status: 400, body }];
    const failure = await failureOf(ask(dialect));
    assert.deepEqual([failure.kind, failure.counts, failure.mayPassOn], ["audio", false, false]);
  });

  test(`${dialect}: leaving ends the exchange`, async () => {
    const standIn = standInOf(dialect);
    standIn.moods = ["hangs"];
    const { leftCount } = standIn;
    const leaving = new AbortController();
    const asked = clientOf(dialect).transcribe(await jobOf(), leaving.signal);
    setTimeout(() => leaving.abort(new Error("the client left")), 100);
    await assert.rejects(asked, /the client left/);
    for (let waitedMs = 0; standIn.leftCount === leftCount; waitedMs += 10) {
      assert.ok(waitedMs < 20_000, "the connection is closed");
      await sleep(10);
    }
  });
}

test("a translation goes where the service has them, and says what was spoken only if the client did", async () => {
  for (const dialect of ["openai", "comet", "together"] as const) {
    const transcript = await ask(dialect, { task: "translate", language: "de" });
    assert.equal(standInOf(dialect).last.path, "POST /v1/audio/translations");
    assert.deepEqual([transcript.task, transcript.language], ["translate", "de"]);
  }
  for (const dialect of ["cortecs", "v2"] as const) {
    const { request } = await jobOf({ task: "translate" });
    assert.equal(clientOf(dialect).wire.inability(request), "task");
  }
});

test("what a service has no field for is not asked of it", async () => {
  const inabilities = async (request: Partial<TranscribeRequest>) => {
    const job = await jobOf(request);
    return PROVIDER_DIALECTS.map((dialect) => clientOf(dialect).wire.inability(job.request));
  };
  assert.deepEqual(await inabilities({}), [undefined, undefined, undefined, undefined, undefined]);
  assert.deepEqual(await inabilities({ diarize: true }), ["speakers", "speakers", "speakers", undefined, "speakers"]);
  assert.deepEqual(await inabilities({ include: ["logprobs"] }), [undefined, ...Array(4).fill("logprobs")]);
  assert.deepEqual(await inabilities({ channel: "left" }), Array(5).fill("channel"));
  assert.deepEqual(await inabilities({ audioTrack: 1 }), Array(5).fill("audio_track"));
});

test("keywords go before the prompt, of which v2 takes the end", async () => {
  await ask("openai", { keywords: ["Sotto", "Whisper"], prompt: "About models." });
  assert.equal(standInOf("openai").field("prompt"), "Sotto, Whisper. About models.");
  await ask("v2", { prompt: `${"x".repeat(300)}👋 end` });
  const prompt = standInOf("v2").field("prompt") ?? "";
  assert.equal([...prompt].length, 256);
  assert.ok(prompt.endsWith("x👋 end"));
});

test("together hears any language unless it is told which, and tells speakers apart", async () => {
  await ask("together");
  assert.equal(standInOf("together").field("language"), "auto");
  const request = { diarize: true, minSpeakers: 2, maxSpeakers: 2, language: "de" } as const;
  const transcript = await ask("together", request);
  assert.deepEqual(
    ["language", "diarize", "min_speakers", "max_speakers"].map((name) => standInOf("together").field(name)),
    ["de", "true", "2", "2"],
  );
  assert.deepEqual(
    transcript.segments.map(({ speaker }) => speaker),
    ["SPEAKER_00", "SPEAKER_01"],
  );
  assert.equal(transcript.words?.at(-1)?.speaker, "SPEAKER_01");
});

test("cortecs, which is a router itself, is told the client's wishes where they are not its defaults", async () => {
  const names = () => standInOf("cortecs").last.fields.map(([name, value]) => `${name}=${value}`);
  await ask("cortecs");
  assert.deepEqual(names(), ["model=whisper-1", "response_format=json"]);
  const wishes = { euNative: true, allowQuantization: false, allowZeroDataRetention: true, allowedProviders: ["x"] };
  await ask("cortecs", { ...wishes, preference: "cost" });
  assert.deepEqual(names().slice(2), [
    "preference=cost",
    "eu_native=true",
    "allow_quantization=false",
    "allow_zero_data_retention=true",
  ]);
});

test("openai's newer models know json alone: one segment of the whole, and the log-probabilities asked for", async () => {
  const transcript = await ask("openai", { include: ["logprobs"] }, { model: "gpt-4o-transcribe", durationMs: 3300 });
  assert.deepEqual(
    transcript.segments.map(({ startMs, endMs, text, logprobs }) => [startMs, endMs, text, logprobs?.length]),
    [[0, 3300, " Hello world. Good bye.", 1]],
  );
  assert.deepEqual(transcript.tokenCounts, { prompt: 30, completion: 7 });
});

test("an answer costs the configured price for its length", async () => {
  const { costUsd = 0 } = await ask("comet", {}, {}, { pricePerMinute: 0.6 });
  assert.ok(Math.abs(costUsd - 0.0352) < 1e-9, `${costUsd} for 3.52 s`);
  assert.equal((await ask("comet")).costUsd, 0);
});

test("a model without a name leaves the choice to the service", async () => {
  const transcript = await ask("v2", {}, { model: "" });
  assert.equal(standInOf("v2").field("modelId"), undefined);
  assert.equal(transcript.model, "default");
});

test("a stream is handed on as it comes", async () => {
  const standIn = standInOf("openai");
  standIn.eventPauseMs = 50;
  const heard: { text: string; atMs: number }[] = [];
  const job = await jobOf({ stream: true }, { model: "gpt-4o-transcribe", durationMs: 3520 });
  const transcript = await clientOf("openai").transcribe(job, go(), (segments: Segment[]) => {
    heard.push({ text: segments.map(({ text }) => text).join(""), atMs: performance.now() });
  });
  standIn.eventPauseMs = 0;
  assert.deepEqual(
    heard.map(({ text }) => text),
    ["Hello", " world.", " Good", " bye."],
  );
  assert.ok((heard.at(-1)?.atMs ?? 0) - (heard[0]?.atMs ?? 0) >= 100, "not all at the end");
  assert.equal(transcriptText(transcript), "Hello world. Good bye.");
});

test("where there is no stream, one is made of the reply", async () => {
  for (const dialect of PROVIDER_DIALECTS) {
    const heard: string[] = [];
    const job = await jobOf({ stream: true });
    await clientOf(dialect).transcribe(job, go(), (segments) => void heard.push(...segments.map(({ text }) => text)));
    assert.equal(heard.join("").trim(), "Hello world. Good bye.", dialect);
  }
});

test("a stream that breaks off is a failure, whatever came before", async () => {
  standInOf("openai").moods = ["cuts"];
  const heard: string[] = [];
  const job = await jobOf({ stream: true }, { model: "gpt-4o-transcribe" });
  const asked = clientOf("openai").transcribe(job, go(), (segments) => {
    heard.push(...segments.map(({ text }) => text));
  });
  assert.equal((await failureOf(asked)).kind, "cut_off");
  assert.deepEqual(heard, ["Hello"]);
});

test("a slow client is not the provider's fault", async () => {
  const job = await jobOf({ stream: true }, { model: "gpt-4o-transcribe", durationMs: 0 });
  const client = clientOf("openai", { timeoutMs: 400 });
  const transcript = await client.transcribe(job, go(), () => sleep(200));
  assert.equal(transcriptText(transcript), "Hello world. Good bye.");
});

test("a provider that is not there is unreachable, at once or after the time for connecting", async () => {
  const gone = await failureOf(ask("openai", {}, {}, { baseUrl: "http://127.0.0.1:1/v1" }));
  assert.equal(gone.kind, "unreachable");
  // TEST-NET-1 (RFC 5737) leads nowhere.
  const silent = await failureOf(ask("openai", {}, {}, { baseUrl: "http://192.0.2.1/v1", connectTimeoutMs: 200 }));
  assert.equal(silent.kind, "unreachable");
});

test("a redirect takes neither the key nor the recording to another host", async () => {
  const other = await StandIn.start("openai");
  standInOf("openai").moods = [{ redirectTo: `${other.baseUrl}/audio/transcriptions` }];
  assert.equal((await failureOf(ask("openai"))).kind, "redirect");
  await sleep(50);
  assert.equal(other.connectionCount, 0);
  await other.stop();
});

test("an upload of many megabytes is read from disk as it goes", async () => {
  const job = await jobOf();
  const large = await keptUpload(wavFile(20 * 1024 ** 2));
  const transcript = await clientOf("openai").transcribe({ ...job, upload: large }, go());
  assert.equal(transcriptText(transcript), "Hello world. Good bye.");
  assert.equal(standInOf("openai").last.file?.bytes.length, large.bytes);
});

test("an upload that is gone is no fault of the provider's", async () => {
  const job = await jobOf();
  const asked = clientOf("openai").transcribe({ ...job, upload: { ...job.upload, path: "/nowhere" } }, go());
  await assert.rejects(asked, { code: "ENOENT" });
});

test("a refusal that comes before the upload's end is heard", async () => {
  const server = createServer((request, response) => {
    request.pause();
    response.writeHead(401, { connection: "close", "content-type": "application/json" }).end('{"error":{}}');
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  const upload = await keptUpload(wavFile(64 * 1024 ** 2));
  const failure = await failureOf(ask("openai", {}, { upload }, { baseUrl }));
  assert.equal(failure.kind, "unauthorized");
  server.closeAllConnections();
  server.close();
});
