import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import { eventsOf } from "../support/events.js";
import { fixtureOf } from "../support/fixtures.js";
import { postFile } from "../support/post.js";
import { type RunningServer, startServer } from "../support/sotto.js";

/** Far below the time that Node gives a connection for its first request. */
const SOON_MS = 20_000;

async function connectionTo({ url }: RunningServer, firstBytes = ""): Promise<Socket> {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  socket.on("error", () => {}).resume();
  await once(socket, "connect");
  socket.write(firstBytes);
  return socket;
}

test("connections without a request, or with half of one, do not keep the server from ending", async () => {
  const server = await startServer();
  const sockets = await Promise.all(
    ["", "GET /healthz HTT", "GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n", "POST /v1/aud"].map((bytes) =>
      connectionTo(server, bytes),
    ),
  );
  // The server has seen them all once it answers what came after them.
  await (await fetch(`${server.url}/healthz`)).text();
  const startedMs = performance.now();
  assert.equal(await server.stop(), 0);
  const tookMs = performance.now() - startedMs;
  for (const socket of sockets) socket.destroy();
  assert.ok(tookMs < SOON_MS, `${tookMs.toFixed(0)} ms`);
});

test("a stream under way when the server is told to end is sent whole, and its connection is closed after it", async () => {
  const server = await startServer();
  const long = fixtureOf(45, 120);
  const events = [];
  let stopped: Promise<number | null> | undefined;
  let endedMs = 0;
  for await (const event of eventsOf(
    await postFile(`${server.url}/v1/audio/transcriptions`, long.path, { stream: "true" }),
  )) {
    stopped ??= server.stop();
    events.push(event);
    endedMs = performance.now();
  }
  assert.equal(events.at(-1)?.type, "transcript.text.done");
  assert.ok(events.length > 2);
  assert.equal(await stopped, 0);
  assert.ok(performance.now() - endedMs < SOON_MS);
});
