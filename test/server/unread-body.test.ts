import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { createReadStream, mkdtempSync, openAsBlob, readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { Agent, request as httpRequest, type IncomingMessage } from "node:http";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import OpenAI, { AuthenticationError } from "openai";
import { fixtureOf } from "../support/fixtures.js";
import type { ErrorBody } from "../support/post.js";
import { residentBytesOf } from "../support/processes.js";
import { type RunningServer, runSotto, startServer, temporaryHome } from "../support/sotto.js";

const MIB = 1024 * 1024;
const LARGE_BYTES = 200 * MIB;
const clip = fixtureOf(1, 8);
const home = temporaryHome();
const folder = mkdtempSync(join(tmpdir(), "sotto-unread-"));
const large = join(folder, "large.wav");
let server: RunningServer;
let url: string;
let key: string;

before(async () => {
  // Without a byte on disk.
  writeFileSync(large, "");
  truncateSync(large, LARGE_BYTES);
  key = (await runSotto(["keys", "create", "a", "--home", home])).stdout.trim();
  server = await startServer(["--home", home]);
  url = `${server.url}/v1/audio/transcriptions`;
});
after(async () => {
  await server.stop();
  for (const path of [home, folder]) rmSync(path, { recursive: true, force: true });
});

async function connectRaw(): Promise<Socket> {
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  await once(socket, "connect");
  return socket;
}
const head = (...lines: string[]) =>
  [
    "POST /v1/audio/transcriptions HTTP/1.1",
    "Host: x",
    "Content-Type: multipart/form-data; boundary=x",
    ...lines,
    "",
    "",
  ].join("\r\n");

test("a stranger's upload is answered at its headers, before any of it has come", async () => {
  for (const line of [`Content-Length: ${LARGE_BYTES}`, "Transfer-Encoding: chunked"]) {
    const socket = await connectRaw();
    socket.write(head(line));
    const [answer] = (await once(socket, "data")) as [Buffer];
    assert.match(String(answer), /^HTTP\/1\.1 401 [\s\S]*connection: close[\s\S]*"code":"invalid_api_key"/);
    socket.destroy();
  }
});

test("a stranger who sends on is heard for a while, not read, and nothing of it stays", async () => {
  const before = residentBytesOf(Number(server.child.pid));
  const socket = await connectRaw();
  let answer = "";
  socket.on("data", (chunk: Buffer) => {
    answer += chunk;
  });
  socket.on("error", () => {});
  socket.write(head(`Content-Length: ${LARGE_BYTES}`));
  const chunk = Buffer.alloc(MIB);
  const send = () => {
    while (!socket.destroyed && socket.write(chunk));
  };
  socket.on("drain", send);
  send();
  const startedMs = performance.now();
  await new Promise((resolve) => socket.once("close", resolve));
  assert.match(answer, /^HTTP\/1\.1 401 /);
  assert.ok(performance.now() - startedMs < 10_000, "the connection ends");
  assert.ok(socket.bytesWritten - socket.writableLength < 64 * MIB, `${socket.bytesWritten} bytes were taken`);
  assert.ok(residentBytesOf(Number(server.child.pid)) - before < 100 * MIB, "nothing is kept in memory");
  assert.deepEqual(readdirSync(join(home, "spool")), []);
});

test("fetch and the SDK of OpenAI see the 401 and no reset, each time", async () => {
  for (let round = 0; round < 10; round++) {
    const form = new FormData();
    form.append("file", await openAsBlob(large), "large.wav");
    const reply = await fetch(url, { method: "POST", body: form });
    assert.equal(reply.status, 401);
    assert.equal(((await reply.json()) as ErrorBody).error.code, "invalid_api_key");
  }
  const client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: "unknown", maxRetries: 0 });
  const call = client.audio.transcriptions.create({ file: createReadStream(large), model: "whisper-1" });
  await assert.rejects(call, (error: unknown) => error instanceof AuthenticationError && error.status === 401);
});

async function curl(...args: string[]) {
  const format = "\n%{http_code} %{size_upload}";
  const { stdout } = await promisify(execFile)("curl", ["-sS", "-m", "60", "-w", format, url, ...args]);
  const [, body = "", status = "", uploaded = ""] = /^([\s\S]*)\n(\d+) (\d+)$/.exec(stdout) ?? [];
  return { body, status: Number(status), uploadedBytes: Number(uploaded) };
}

test("curl, which asks before it sends, is refused before it sends; one that does not ask sees the 401 too", async () => {
  const asked = await curl("-F", `file=@${large}`);
  assert.deepEqual([asked.status, asked.uploadedBytes], [401, 0]);
  assert.match(asked.body, /invalid_api_key/);
  for (let round = 0; round < 5; round++) {
    const unasked = await curl("-F", `file=@${large}`, "-H", "Expect:");
    assert.equal(unasked.status, 401);
    assert.match(unasked.body, /invalid_api_key/);
    assert.ok(unasked.uploadedBytes < 64 * MIB);
  }
});

test("whoever asks and has a key is told to go on", async () => {
  const served = await curl(
    "-F",
    `file=@${clip.path}`,
    "-H",
    "Expect: 100-continue",
    "-H",
    `Authorization: Bearer ${key}`,
  );
  assert.equal(served.status, 200, served.body);
  assert.match(served.body, /"text"/);
});

test("a refusal of a small request keeps the connection", async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const ports = new Set<number | undefined>();
  for (let round = 0; round < 3; round++) {
    const request = httpRequest(url, { agent, method: "POST", headers: { "content-type": "multipart/form-data" } });
    request.end("x".repeat(1000));
    const [reply] = (await once(request, "response")) as [IncomingMessage];
    assert.equal(reply.statusCode, 401);
    ports.add(request.socket?.localPort);
    await reply.resume().toArray();
  }
  assert.equal(ports.size, 1);
  agent.destroy();
});
