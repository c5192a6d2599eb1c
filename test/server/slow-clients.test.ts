import assert from "node:assert/strict";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fixtureOf } from "../support/fixtures.js";
import { postFile } from "../support/post.js";
import { type RunningServer, startServer } from "../support/sotto.js";

/** Bytes a second, and the time over which they are taken. */
const [RATE, GRACE_SEC] = [1000, 2];
const IDLE_SEC = 1;
const HEAD_SEC = 1;
/** Far more than any of the limits, and far less than those that Node has by itself. */
const SOON_MS = 15_000;
const clip = fixtureOf(1, 8);
let server: RunningServer;

before(async () => {
  const pace = ["--min-upload-rate", String(RATE), "--upload-grace", `${GRACE_SEC}s`];
  const waits = ["--idle-timeout", `${IDLE_SEC}s`, "--head-timeout", `${HEAD_SEC}s`];
  server = await startServer([...pace, ...waits]);
});
after(async () => {
  assert.equal(await server.stop(), 0);
});

interface Talk {
  socket: Socket;
  /** All that came until the server ended it. */
  ended: Promise<{ text: string; tookMs: number }>;
}

async function talk({ url } = server): Promise<Talk> {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  await once(socket, "connect");
  const startedMs = performance.now();
  let text = "";
  socket.on("data", (chunk: Buffer) => {
    text += chunk;
  });
  socket.on("error", () => {});
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  const ended = closed.then(() => ({ text, tookMs: performance.now() - startedMs }));
  return { socket, ended };
}

const head = (path: string, bytes: number) =>
  `POST ${path} HTTP/1.1\r\nhost: a\r\ncontent-type: multipart/form-data; boundary=b\r\ncontent-length: ${bytes}\r\n\r\n`;
const OPEN_PART = '--b\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n';
const CLOSE = "\r\n--b--\r\n";
const spooled = () => readdir(join(server.home, "spool"));

/** Sends a piece every tenth of a second until the server ends the talk, or `pieces` are sent. */
async function trickle({ socket }: Talk, piece: Buffer, pieces = Number.POSITIVE_INFINITY): Promise<void> {
  for (let sent = 0; sent < pieces && !socket.destroyed; sent++) {
    socket.write(piece);
    await sleep(100);
  }
}

function parse(text: string): { status: number; headers: Map<string, string>; body: unknown } {
  const [top = "", body = ""] = text.split("\r\n\r\n");
  const [line = "", ...lines] = top.split("\r\n");
  const headers = lines.map((each): [string, string] => {
    const at = each.indexOf(":");
    return [each.slice(0, at).toLowerCase(), each.slice(at + 1).trim()];
  });
  return { status: Number(line.split(" ")[1]), headers: new Map(headers), body: JSON.parse(body) };
}

for (const [what, opening] of [
  ["within its file", OPEN_PART],
  ["before its first part", ""],
] as const) {
  test(`an upload that comes too slowly ${what} is answered 408 and its connection closed, and nothing of it stays`, async () => {
    const one = await talk();
    one.socket.write(head("/v1/audio/transcriptions", 1_000_000) + opening);
    const sending = trickle(one, Buffer.alloc(RATE / 40, "-"));
    const { text, tookMs } = await one.ended;
    await sending;
    const { status, headers, body } = parse(text);
    assert.equal(status, 408);
    const { error } = body as { error: { message: string; code: string; type: string; param: null } };
    assert.deepEqual([error.code, error.type, error.param], ["deadline_exceeded", "invalid_request_error", null]);
    assert.match(error.message, /^Fewer than 2000 bytes of the upload came within 2000 ms\.$/);
    assert.deepEqual(
      ["connection", "x-should-retry", "x-sotto-provider"].map((name) => headers.get(name)),
      ["close", "true", "local"],
    );
    assert.ok(headers.get("x-request-id"));
    assert.ok(tookMs >= GRACE_SEC * 1000 - 50, `${tookMs} ms: not before the grace is over`);
    assert.ok(tookMs < SOON_MS);
    for (let waitedMs = 0; (await spooled()).length > 0; waitedMs += 20) {
      assert.ok(waitedMs < 20_000, "nothing stays in the spool");
      await sleep(20);
    }
  });
}

test("v2, which has no 408, says it in its own shape, and in Spanish when asked to", async () => {
  const one = await talk();
  one.socket.write(head("/api/v2/Audio/transcribe?culture=es", 1_000_000) + OPEN_PART);
  const { status, body } = parse((await one.ended).text);
  const { message } = body as { message: string };
  assert.deepEqual([status, message], [500, "Llegaron menos de 2000 bytes del archivo en 2000 ms."]);
});

test("a slow upload that keeps above the rate is served, though it stands still now and then", async () => {
  const file = readFileSync(fixtureOf(45, 120).path);
  const body = Buffer.concat([Buffer.from(OPEN_PART), file, Buffer.from(CLOSE)]);
  const one = await talk();
  one.socket.write(head("/v1/audio/transcriptions", body.length));
  // Three times the grace, in bursts with pauses of a quarter of it.
  const bursts = 12;
  for (let index = 0; index < bursts; index++) {
    const [from, to] = [index, index + 1].map((each) => Math.ceil((body.length * each) / bursts));
    one.socket.write(body.subarray(from, to));
    if (index < bursts - 1) await sleep((GRACE_SEC * 1000) / 4);
  }
  assert.ok(body.length / bursts > RATE * GRACE_SEC, "each burst is enough for the grace");
  const { text } = await one.ended;
  assert.match(text, /^HTTP\/1\.1 200 /);
  assert.match(text, /"text":/);
});

test("an upload that is not whole in its time is answered 408, however fast it comes, and keeps no place", async () => {
  const hasty = await startServer(["--upload-timeout", "3s", "--max-queue", "0", "--workers", "1"]);
  const one = await talk(hasty);
  one.socket.write(`${head("/v1/audio/transcriptions", 1_000_000_000)}${OPEN_PART}`);
  const sending = trickle(one, Buffer.alloc(10 * RATE, "-"));
  const isHere = () => readdirSync(join(hasty.home, "spool")).length > 0;
  while (!isHere()) await sleep(20);
  const full = await postFile(`${hasty.url}/v1/audio/transcriptions`, clip.path);
  assert.equal(full.status, 429, "meanwhile the only place is taken");
  const { text, tookMs } = await one.ended;
  await sending;
  const { status, headers, body } = parse(text);
  const { error } = body as { error: { message: string; code: string } };
  assert.deepEqual([status, headers.get("connection"), error.code], [408, "close", "deadline_exceeded"]);
  assert.equal(error.message, "The upload did not come to its end within 3000 ms.");
  assert.ok(tookMs >= 2950 && tookMs < SOON_MS, `${tookMs} ms`);
  assert.equal((await postFile(`${hasty.url}/v1/audio/transcriptions`, clip.path)).status, 200);
  assert.equal(await hasty.stop(), 0);
});

test("a head that does not come is answered 408, and a connection that says nothing is closed as well", async () => {
  for (const bytes of ["GET /healthz HTT", ""]) {
    const one = await talk();
    one.socket.write(bytes);
    const { text, tookMs } = await one.ended;
    const { status, headers, body } = parse(text);
    assert.deepEqual([status, headers.get("connection"), headers.get("x-should-retry")], [408, "close", "true"]);
    const { error } = body as { error: { code: string; message: string } };
    assert.equal(error.code, "deadline_exceeded");
    assert.match(error.message, /^The head of the request did not come within 1000 ms\.$/);
    assert.ok(tookMs >= HEAD_SEC * 1000 - 50 && tookMs < SOON_MS, `${tookMs} ms`);
  }
});

test("a connection between requests is closed after its time, and stays open until then", async () => {
  const one = await talk();
  const get = "GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n";
  one.socket.write(get);
  await sleep((IDLE_SEC * 1000) / 2);
  one.socket.write(get);
  const { text, tookMs } = await one.ended;
  assert.equal(text.match(/HTTP\/1\.1 200/g)?.length, 2);
  assert.ok(tookMs >= IDLE_SEC * 1000 && tookMs < SOON_MS, `${tookMs} ms`);
});

test("a client that takes none of its answers is cut", async () => {
  const one = await talk();
  one.socket.pause();
  // More than the buffers of a connection hold.
  const { length } = await (await fetch(`${server.url}/openapi.json`)).text();
  const count = Math.ceil((32 * 1024 ** 2) / length);
  one.socket.write("GET /openapi.json HTTP/1.1\r\nhost: a\r\n\r\n".repeat(count));
  const startedMs = performance.now();
  // What was sent lies in its buffers; that the server has gone shows when it writes.
  const ping = setInterval(() => one.socket.write("\r\n"), 200);
  await new Promise<void>((resolve) => one.socket.once("close", () => resolve()));
  clearInterval(ping);
  assert.ok(performance.now() - startedMs < SOON_MS * 4);
});

test("refused requests whose clients have left do not keep the server from ending", async () => {
  const other = await startServer(["--idle-timeout", "600s", "--max-uploads", "1"]);
  const port = Number(new URL(other.url).port);
  const say = async (text: string) => {
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => {}).resume();
    await once(socket, "connect");
    socket.write(text);
    return socket;
  };
  const first = await say(head("/v1/audio/transcriptions", 1_000_000) + OPEN_PART);
  await sleep(200);
  const refused = await say(head("/v1/audio/transcriptions", 1_000_000) + OPEN_PART);
  await new Promise<void>((resolve) => refused.once("close", () => resolve()));
  first.destroy();
  const startedMs = performance.now();
  assert.equal(await other.stop(), 0);
  assert.ok(performance.now() - startedMs < SOON_MS);
});

test("a client that was answered and goes on sending is cut", async () => {
  const one = await talk();
  one.socket.write("GET /healthz HTTP/1.1\r\nhost: a\r\ncontent-length: 1000000\r\n\r\n");
  await trickle(one, Buffer.from("-"));
  const { text, tookMs } = await one.ended;
  assert.match(text, /^HTTP\/1\.1 200 /);
  assert.ok(tookMs < SOON_MS, `${tookMs} ms`);
});
