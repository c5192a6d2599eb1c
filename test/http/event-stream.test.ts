import assert from "node:assert/strict";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { SottoError } from "../../src/core/errors.js";
import { EventStream } from "../../src/http/event-stream.js";

const never = new AbortController().signal;
// As in a server, where open connections keep the process alive while a time-out runs.
const alive = setInterval(() => {}, 1000);
after(() => clearInterval(alive));

const large = { delta: "x".repeat(100_000) };

test("it opens with its first event, and what is read is what was sent", async () => {
  const events = new EventStream(never);
  let isOpen = false;
  void events.opened.then(() => {
    isOpen = true;
  });
  await sleep(1);
  assert.equal(isOpen, false);
  await events.send({ a: 1 });
  events.end({ b: 2 });
  assert.equal(isOpen, true);
  assert.equal((await events.readable.toArray()).join(""), 'data: {"a":1}\n\ndata: {"b":2}\n\n');
});

test("whoever sends waits for the client to read", async () => {
  const events = new EventStream(never);
  let isSent = false;
  const sent = events.send(large).then(() => {
    isSent = true;
  });
  await sleep(20);
  assert.equal(isSent, false);
  events.readable.resume();
  await sent;
});

test("a client that leaves ends the wait with the signal's reason", async () => {
  const gone = new AbortController();
  const events = new EventStream(gone.signal);
  const sent = events.send(large);
  const reason = new SottoError("client_closed", "left");
  gone.abort(reason);
  await assert.rejects(sent, (error) => error === reason);
  await assert.rejects(events.send({}), (error) => error === reason);
});

test("a client that takes nothing for too long counts as gone", async () => {
  const events = new EventStream(never, { commentMs: 1000, stalledMs: 20 });
  await assert.rejects(events.send(large), (error) => error instanceof SottoError && error.code === "client_closed");
});

test("comments come when nothing else does, open the reply, and stop at the end", async () => {
  const events = new EventStream(never, { commentMs: 20, stalledMs: 1000 });
  events.keepAwake();
  await events.opened;
  await events.send({ a: 1 });
  events.end({ b: 2 });
  await sleep(50);
  const text = (await events.readable.toArray()).join("");
  assert.match(text, /^(: .*\n\n)+data: \{"a":1\}\n\n(: .*\n\n)*data: \{"b":2\}\n\n$/);
});
