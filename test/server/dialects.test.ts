import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fixtureOf } from "../support/fixtures.js";
import { type ErrorBody, postFile, wordsOf } from "../support/post.js";
import { expectSchema } from "../support/schemas.js";
import { type RunningServer, startServer } from "../support/sotto.js";

const clip = fixtureOf(2, 8);
const folder = mkdtempSync(join(tmpdir(), "sotto-dialects-"));
const wav = join(folder, "clip.wav");
const silence = join(folder, "silence.wav");
let server: RunningServer;

before(async () => {
  execFileSync("ffmpeg", ["-v", "error", "-i", clip.path, wav]);
  execFileSync("ffmpeg", ["-v", "error", "-f", "lavfi", "-i", "anullsrc=r=16000:cl=mono", "-t", "3", silence]);
  server = await startServer();
});
after(async () => {
  assert.equal(await server.stop(), 0);
  rmSync(folder, { recursive: true, force: true });
});

const post = (path: string, fields: Record<string, string> = {}, headers = {}, file = wav) =>
  postFile(`${server.url}${path}`, file, fields, headers);
function namesItsMaker({ headers }: Response) {
  for (const name of ["x-request-id", "x-sotto-provider", "x-sotto-model", "openai-processing-ms"]) {
    assert.ok(headers.get(name), name);
  }
}
async function ok(reply: Response) {
  const body = await reply.text();
  assert.equal(reply.status, 200, body);
  namesItsMaker(reply);
  return JSON.parse(body) as Record<string, never> & { text: string; words: { start: number; end: number }[] };
}
async function refused(reply: Response, status: number, code: string, param: string | null) {
  const { error } = (await reply.json()) as ErrorBody;
  assert.deepEqual([reply.status, error.code, error.param], [status, code, param], error.message);
  namesItsMaker(reply);
}

for (const service of ["openai", "cortecs", "comet", "together"]) {
  test(`${service}: speech and silence have its own replies`, async () => {
    for (const format of ["json", "verbose_json"]) {
      for (const [file, words] of [
        [wav, wordsOf(clip.text)],
        [silence, []],
      ] as const) {
        const fields = { model: "whisper-1", response_format: format };
        const body = await ok(await post(`/${service}/v1/audio/transcriptions`, fields, {}, file));
        assert.deepEqual(wordsOf(body.text), words);
        expectSchema(`${service}#${format}`, body);
      }
    }
  });

  test(`${service}: errors have OpenAI's shape, and models are listed`, async () => {
    const path = `/${service}/v1/audio/transcriptions`;
    const reply = await post(path, { model: "nowhere" });
    expectSchema(`${service}#error`, await reply.clone().json());
    await refused(reply, 404, "model_not_found", "model");
    await refused(await post(path, { model: "whisper-1", temperature: "2" }), 400, "invalid_value", "temperature");
    await refused(await fetch(`${server.url}${path}`), 405, "method_not_allowed", null);
    const list = await (await fetch(`${server.url}/${service}/v1/models`)).json();
    expectSchema("openai#models", list);
    const one = (await (await fetch(`${server.url}/${service}/v1/models/sotto-mini`)).json()) as { id: string };
    assert.equal(one.id, "sotto-mini");
  });
}

test("translations are there where the service has them", async () => {
  for (const service of ["openai", "comet", "together"]) {
    await ok(await post(`/${service}/v1/audio/translations`));
  }
  await refused(await post("/cortecs/v1/audio/translations"), 404, "unknown_route", null);
});

test("v2: the reply, whatever the case of its path, in the type that was accepted", async () => {
  for (const path of ["/api/v2/Audio/transcribe", "/API/V2/audio/TRANSCRIBE/", "/api/v2/audio/transcribe?culture=es"]) {
    for (const accept of ["text/plain", "text/json", "application/json"]) {
      const reply = await post(path, { channel: "web", modelId: "sotto-mini" }, { accept });
      assert.equal(reply.headers.get("content-type"), `${accept}; charset=utf-8`);
      const body = (await ok(reply)) as unknown as { transcript: string; tokenUsage: Record<string, number> };
      expectSchema("v2#json", body);
      assert.deepEqual(wordsOf(body.transcript), wordsOf(clip.text));
      assert.ok((body.tokenUsage.completionTokens ?? 0) >= wordsOf(clip.text).length);
    }
  }
});

test("v2: errors have its shape, its statuses and its languages", async () => {
  const path = "/api/v2/Audio/transcribe";
  const fault = async (reply: Response, status: number, code: string, message: RegExp) => {
    const body = (await reply.json()) as { message: string; code: string };
    expectSchema("v2#error", body);
    assert.deepEqual([reply.status, body.code], [status, code], body.message);
    assert.match(body.message, message);
  };
  const large = join(folder, "large.wav");
  writeFileSync(large, "");
  truncateSync(large, 26_214_401);
  await fault(await post(path, {}, {}, large), 400, "file_too_large", /at most 26214400 bytes/);
  await fault(await post(`${path}?culture=es`, {}, {}, large), 400, "file_too_large", /como máximo 26214400 bytes/);
  await fault(await post(`${path}?culture=fr`), 400, "invalid_value", /one of en, es for 'culture'.*'fr'/);
  await fault(await post(path, { prompt: "x".repeat(257) }), 400, "invalid_value", /256 characters/);
  await fault(await post(path, { modelId: "nowhere" }), 404, "model_not_found", /nowhere/);
  await fault(await post(`${path}?culture=es`, {}, {}, "package.json"), 400, "undecodable_audio", /descodificar/);
  const flac = join(folder, "clip.flac");
  execFileSync("ffmpeg", ["-v", "error", "-i", wav, flac]);
  await fault(await post(path, {}, {}, flac), 400, "invalid_value", /mp3, mp4, mpeg, wav, webm/);
  const empty = await fetch(`${server.url}${path}?culture=es`, { method: "POST", body: new FormData() });
  await fault(empty, 400, "missing_file", /ninguno/);
  await fault(await fetch(`${server.url}${path}`), 405, "method_not_allowed", /takes POST/);
});

test("openai: 25 MiB and no more", async () => {
  const large = join(folder, "large.wav");
  writeFileSync(large, "");
  truncateSync(large, 26_214_401);
  const path = "/openai/v1/audio/transcriptions";
  await refused(await post(path, {}, {}, large), 413, "file_too_large", "file");
  await refused(await post(path, { language: "auto" }), 400, "invalid_value", "language");
});

test("a URL in place of a file is told from text, where a dialect takes one and where it does not", async () => {
  const send = (service: string, name: string, value: string) => {
    const form = new FormData();
    form.append(name, value);
    form.append("model", "whisper-1");
    return fetch(`${server.url}${service}/v1/audio/transcriptions`, { method: "POST", body: form });
  };
  await refused(await send("", "url", "https://example.com/a.wav"), 400, "url_not_allowed", "url");
  await refused(await send("", "url", "recording"), 400, "invalid_value", "url");
  for (const service of ["", "/together", "/openai"]) {
    await refused(await send(service, "file", "https://example.com/a.wav"), 400, "url_not_allowed", "file");
  }
  await refused(await send("/comet", "url", "https://example.com/a.wav"), 400, "missing_file", "file");
});

test("words, logprobs and diagnostics come when they are asked for", async () => {
  const path = "/v1/audio/transcriptions";
  const body = await ok(
    await post(path, {
      response_format: "verbose_json",
      "timestamp_granularities[]": "word",
      include: '["logprobs","diagnostics"]',
    }),
  );
  assert.equal(body.words.length, wordsOf(clip.text).length);
  let earlier = 0;
  for (const { start, end } of body.words) {
    assert.ok(start >= earlier && end >= start && end <= clip.durationSec + 0.05);
    earlier = end;
  }
  const { logprobs, diagnostics } = body as unknown as {
    logprobs: { token: string; logprob: number; bytes: number[] }[];
    diagnostics: { windows: number; encode_ms: number; threads: number; short_windows: boolean };
  };
  assert.equal(
    logprobs
      .map(({ token }) => token)
      .join("")
      .trim(),
    body.text,
  );
  for (const { token, logprob, bytes } of logprobs) {
    assert.ok(logprob <= 0);
    assert.equal(Buffer.from(bytes).toString(), token);
  }
  assert.ok(diagnostics.windows === 1 && diagnostics.encode_ms > 0 && diagnostics.threads >= 1);
  assert.equal(diagnostics.short_windows, false);
  const plain = await ok(await post(path));
  assert.ok(!("logprobs" in plain) && !("words" in plain) && !("diagnostics" in plain));
});

test("what asks for speakers is refused with the reason", async () => {
  const path = "/v1/audio/transcriptions";
  const reply = await post(path, { response_format: "diarized_json" });
  assert.match(((await reply.clone().json()) as ErrorBody).error.message, /no speaker model is installed/);
  await refused(reply, 400, "invalid_value", "response_format");
  await refused(await post("/together/v1/audio/transcriptions", { diarize: "true" }), 400, "invalid_value", "diarize");
});

test("one channel of a stereo recording, one track of several, is heard alone", async () => {
  const sides = join(folder, "sides.wav");
  const tracks = join(folder, "tracks.mka");
  const inputs = ["-v", "error", "-i", wav, "-i", silence];
  const join2 = "[0:a]aresample=16000,apad[a];[1:a]aresample=16000[b];[b][a]join=inputs=2:channel_layout=stereo[o]";
  execFileSync("ffmpeg", [...inputs, "-filter_complex", join2, "-map", "[o]", "-t", String(clip.durationSec), sides]);
  execFileSync("ffmpeg", [...inputs, "-map", "1:a", "-map", "0:a", tracks]);
  const heard = async (file: string, fields: Record<string, string>) =>
    wordsOf((await ok(await post("/v1/audio/transcriptions", fields, {}, file))).text);
  assert.deepEqual(await heard(sides, { channel: "right" }), wordsOf(clip.text));
  assert.deepEqual(await heard(sides, { channel: "left" }), []);
  assert.deepEqual(await heard(wav, { channel: "right" }), wordsOf(clip.text), "mono has both sides alike");
  assert.deepEqual(await heard(tracks, {}), []);
  assert.deepEqual(await heard(tracks, { audio_track: "1" }), wordsOf(clip.text));
  const beyond = await post("/v1/audio/transcriptions", { audio_track: "2" }, {}, tracks);
  await refused(beyond, 400, "invalid_value", "audio_track");
});

test("languages that the model may hear are told from those it may not", async () => {
  const body = await ok(await post("/v1/audio/transcriptions", { languages: '["de","fr"]' }));
  assert.ok(["de", "fr"].includes((body as unknown as { language: string }).language));
  await refused(await post("/v1/audio/transcriptions", { languages: "yue" }), 400, "invalid_value", "languages");
});

test("fields without effect are named in a header, and a user only as a hash in the log", async () => {
  const reply = await post("/v1/audio/transcriptions", {
    preference: "cost",
    colour: "x",
    user: "somebody@example.com",
  });
  await ok(reply.clone() as Response);
  assert.equal(reply.headers.get("x-sotto-ignored"), "preference, colour");
  // The line is written once the reply is out.
  for (let waitedMs = 0; !/"user":"[0-9a-f]{16}"/.test(server.log()); waitedMs += 20) {
    assert.ok(waitedMs < 20_000, "the log tells users apart");
    await sleep(20);
  }
  assert.ok(!server.log().includes("somebody"));
});
