import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, test } from "node:test";
import { fixtureOf } from "../support/fixtures.js";
import { type ErrorBody, postFile, wordsOf } from "../support/post.js";
import { type RunningServer, startServer } from "../support/sotto.js";

const clip = fixtureOf(3, 8);
const folder = mkdtempSync(join(tmpdir(), "sotto-bad-"));
let server: RunningServer;
let url: string;

before(async () => {
  server = await startServer(["--max-upload-mb", "1", "--max-duration", "90s"]);
  url = `${server.url}/v1/audio/transcriptions`;
});
after(async () => {
  assert.equal(await server.stop(), 0);
  rmSync(folder, { recursive: true, force: true });
});
afterEach(async () => {
  const reply = await postFile(url, clip.path);
  const { text } = (await reply.json()) as { text: string };
  assert.deepEqual(wordsOf(text), wordsOf(clip.text), "the server serves on");
  assert.deepEqual(readdirSync(join(server.home, "spool")), [], "no temporary file stays");
});

async function refused(
  reply: Response,
  status: number,
  code: string,
  message: RegExp,
  param: string | null = "file",
): Promise<Response> {
  const body = (await reply.json()) as ErrorBody;
  assert.deepEqual([reply.status, body.error.code, body.error.param], [status, code, param], body.error.message);
  assert.match(body.error.message, message);
  assert.ok(
    !body.error.message.includes(server.home) && !body.error.message.includes("/tmp"),
    "no path in the message",
  );
  assert.match(reply.headers.get("x-request-id") ?? "", /^req_/);
  assert.equal(reply.headers.get("x-should-retry"), String(status >= 500 || status === 429));
  return reply;
}

function fileOf(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

function ffmpeg(name: string, ...args: string[]): string {
  const path = join(folder, name);
  execFileSync("ffmpeg", ["-v", "error", "-y", ...args, path]);
  return path;
}

test("no file", async () => {
  const form = new FormData();
  form.append("model", "whisper-1");
  await refused(await fetch(url, { method: "POST", body: form }), 400, "missing_file", /field 'file'/);
});

test("a file field that holds text", async () => {
  const form = new FormData();
  form.append("file", "recording.wav");
  await refused(await fetch(url, { method: "POST", body: form }), 400, "missing_file", /came as text/);
});

test("a URL in place of a file", async () => {
  const form = new FormData();
  form.append("file", "http://127.0.0.1/a.wav");
  await refused(await fetch(url, { method: "POST", body: form }), 400, "url_not_allowed", /does not fetch URLs/);
});

test("an empty file", async () => {
  await refused(await postFile(url, fileOf("empty.wav", "")), 400, "empty_file", /0 bytes/);
});

test("a text file named .wav", async () => {
  await refused(
    await postFile(url, fileOf("text.wav", "this is no sound\n".repeat(100))),
    400,
    "undecodable_audio",
    /could not be decoded/,
  );
});

test("a video without sound", async () => {
  const video = ffmpeg("silent.mp4", "-f", "lavfi", "-i", "testsrc=duration=1:size=64x64:rate=5");
  await refused(await postFile(url, video), 400, "no_audio_stream", /audio stream/);
});

test("less than a tenth of a second", async () => {
  const short = ffmpeg("short.wav", "-f", "lavfi", "-i", "sine=duration=0.05");
  await refused(await postFile(url, short), 400, "audio_too_short", /at least 0.1 s.*0.05 s/);
});

test("longer than the limit", async () => {
  const long = ffmpeg("long.ogg", "-f", "lavfi", "-i", "sine=duration=100", "-c:a", "libopus", "-b:a", "16k");
  await refused(await postFile(url, long), 400, "audio_too_long", /at most 90 s/);
});

test("larger than the limit: both numbers are said", async () => {
  const large = fileOf("large.wav", Buffer.alloc(1024 * 1024 + 7));
  await refused(await postFile(url, large), 413, "file_too_large", /1048576 bytes, but it holds 1048583 bytes/);
});

test("a truncated MP3 gives what can be heard of it", async () => {
  const whole = ffmpeg("whole.mp3", "-i", clip.path);
  const bytes = readFileSync(whole);
  const reply = await postFile(url, fileOf("cut.mp3", bytes.subarray(0, Math.floor(bytes.length * 0.6))));
  assert.equal(reply.status, 200);
  const { text } = (await reply.json()) as { text: string };
  const said = wordsOf(text);
  assert.ok(said.length > 0 && said.length < wordsOf(clip.text).length, text);
});

test("an unknown model, a wrong temperature, format and language", async () => {
  await refused(
    await postFile(url, clip.path, { model: "base" }),
    404,
    "model_not_found",
    /Installed: sotto-mini.*models pull base/,
    "model",
  );
  await refused(
    await postFile(url, clip.path, { model: "../../etc/passwd" }),
    404,
    "model_not_found",
    /not installed/,
    "model",
  );
  await refused(await postFile(url, clip.path, { temperature: "warm" }), 400, "invalid_value", /0 to 1/, "temperature");
  await refused(
    await postFile(url, clip.path, { response_format: "xml" }),
    400,
    "invalid_value",
    /verbose_json/,
    "response_format",
  );
  await refused(await postFile(url, clip.path, { language: "klingon" }), 400, "invalid_value", /ISO-639-1/, "language");
  await refused(await postFile(url, clip.path, { language: "yue" }), 400, "invalid_value", /knows/, "language");
});

test("a wrong content type, with or without a body", async () => {
  for (const init of [
    { headers: { "content-type": "application/json" }, body: "{}" },
    { headers: { "content-type": "audio/wav" }, body: "RIFF" },
    {},
  ]) {
    await refused(
      await fetch(url, { method: "POST", ...init }),
      415,
      "unsupported_content_type",
      /multipart\/form-data/,
      null,
    );
  }
});

test("a form without its boundary, and one that breaks off", async () => {
  const post = (type: string, body: string) => fetch(url, { method: "POST", headers: { "content-type": type }, body });
  await refused(await post("multipart/form-data", "x"), 400, "invalid_value", /boundary/, null);
  const cut = '--b\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\nRIFF';
  await refused(await post("multipart/form-data; boundary=b", cut), 400, "invalid_value", /breaks off/, null);
});

test("a wrong method names the right one, and an unknown route says so", async () => {
  const get = await refused(await fetch(url), 405, "method_not_allowed", /takes POST/, null);
  assert.equal(get.headers.get("allow"), "POST");
  await refused(
    await fetch(`${server.url}/v1/models`, { method: "DELETE" }),
    405,
    "method_not_allowed",
    /takes GET/,
    null,
  );
  await refused(
    await fetch(`${server.url}/v1/audio/speech`, { method: "POST" }),
    404,
    "unknown_route",
    /\/v1\/audio\/speech/,
    null,
  );
});

test("a field that nobody knows is accepted and named", async () => {
  const reply = await postFile(url, clip.path, { colour: "blue", "weird\r\nname": "x" });
  assert.equal(reply.status, 200);
  assert.match(reply.headers.get("x-sotto-ignored") ?? "", /colour/);
});
