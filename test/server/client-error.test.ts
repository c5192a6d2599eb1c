import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import type { ErrorBody } from "../support/post.js";
import { type RunningServer, startServer } from "../support/sotto.js";

let server: RunningServer;

before(async () => {
  server = await startServer();
});
after(async () => {
  assert.equal(await server.stop(), 0);
});

async function send(bytes: string): Promise<{ status: number; head: string; error: ErrorBody["error"] }> {
  const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
  socket.write(bytes);
  let text = "";
  for await (const chunk of socket) text += chunk;
  const [head = "", body = ""] = text.split("\r\n\r\n");
  const { error } = JSON.parse(body) as ErrorBody;
  return { status: Number(head.split(" ")[1]), head, error };
}

test("a method that Node does not know is answered as any other that a route does not take", async () => {
  for (const method of ["QUERY", "NONESUCH"]) {
    const end = "HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    const models = await send(`${method} /v1/models?x=1 ${end}`);
    assert.deepEqual([models.status, models.error.code], [405, "method_not_allowed"], method);
    assert.match(models.head, /^allow: GET\r?$/m);
    const nowhere = await send(`${method} /nowhere ${end}`);
    assert.deepEqual([nowhere.status, nowhere.error.code], [404, "unknown_route"], method);
  }
});

test("what is no HTTP is refused in the shape of every other error, and the server lives", async () => {
  for (const [bytes, status] of [
    ["no http at all\r\n\r\n", 400],
    ["\u0016\u0003\u0001\u0000\u00a5\u0001", 400],
    ["GET /v1/models HTTP/1.1\r\nbad header\r\n\r\n", 400],
    [`GET /v1/models HTTP/1.1\r\nx: ${"y".repeat(40_000)}\r\n\r\n`, 431],
  ] as const) {
    const reply = await send(bytes);
    assert.deepEqual([reply.status, reply.error.code, reply.error.param], [status, "invalid_value", null]);
  }
  assert.equal((await fetch(`${server.url}/healthz`)).status, 200);
});
