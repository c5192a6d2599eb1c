import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fixtureOf } from "../support/fixtures.js";
import { longRecording } from "../support/long-recording.js";
import { type ErrorBody, postFile, wordsOf } from "../support/post.js";
import { type RunningServer, startServer } from "../support/sotto.js";

const clip = fixtureOf(1, 8);
/** It takes seconds. */
const long = longRecording(1200);
let server: RunningServer;
let url: string;

before(async () => {
  server = await startServer(["--workers", "1"]);
  url = `${server.url}/v1/audio/transcriptions`;
});
after(async () => {
  assert.equal(await server.stop(), 0);
});

interface Reply {
  id: string;
  text: string;
}
const spool = () => readdirSync(join(server.home, "spool"));
async function spoolHolds(count: number): Promise<void> {
  for (let waitedMs = 0; spool().length !== count; waitedMs += 10) {
    assert.ok(waitedMs < 20_000, `${spool().length} folders, expected ${count}`);
    await sleep(10);
  }
}
/** Sends a request and waits until it is at work. */
async function begin(fields: Record<string, string> = {}, signal?: AbortSignal): Promise<{ reply: Promise<Response> }> {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  form.append("file", new Blob([readFileSync(long)]), "long.opus");
  const reply = fetch(url, { method: "POST", body: form, ...(signal ? { signal } : {}) });
  reply.catch(() => {});
  const isDecoded = () => spool().some((name) => readdirSync(join(server.home, "spool", name)).includes("audio.s16le"));
  for (let waitedMs = 0; !isDecoded(); waitedMs += 10) {
    assert.ok(waitedMs < 20_000, "it is at work");
    await sleep(10);
  }
  return { reply };
}

test("the same upload that is sent again while the first is worked on waits for its result, and its own files go at once", async () => {
  const { reply } = await begin({ language: "en", temperature: "0" });
  const second = postFile(url, long, { temperature: "0", language: "en" });
  const other = postFile(url, long, { language: "en", prompt: "other" });
  await sleep(200);
  await spoolHolds(2);
  const replies = await Promise.all([reply, second, other]);
  assert.deepEqual(
    replies.map(({ status }) => status),
    [200, 200, 200],
  );
  assert.deepEqual(
    replies.map(({ headers }) => headers.get("x-sotto-joined")),
    [null, "true", null],
  );
  const [one, two, three] = (await Promise.all(replies.map((each) => each.json()))) as [Reply, Reply, Reply];
  assert.deepEqual(two, one);
  assert.notEqual(three.id, one.id);
  assert.deepEqual(spool(), []);
});

test("the work outlives the client that began it while another waits, and stops when all have left", async () => {
  const [first, second] = [new AbortController(), new AbortController()];
  const { reply } = await begin({}, first.signal);
  const waiting = postFile(url, long);
  await sleep(200);
  first.abort();
  await assert.rejects(reply);
  await sleep(100);
  assert.equal(spool().length, 1, "its files stay");
  const answer = await waiting;
  assert.deepEqual([answer.status, answer.headers.get("x-sotto-joined")], [200, "true"]);
  assert.ok(wordsOf(((await answer.json()) as Reply).text).length > 0);
  await spoolHolds(0);

  const again = await begin({}, second.signal);
  second.abort();
  await assert.rejects(again.reply);
  await spoolHolds(0);
  assert.equal((await postFile(url, clip.path)).headers.get("x-sotto-joined"), null);
});

test("with an Idempotency-Key a retry after a lost answer gets the same answer; another request under it is refused", async () => {
  const headers = { "idempotency-key": "retry-1" };
  const first = await postFile(url, clip.path, {}, headers);
  const second = await postFile(url, clip.path, {}, headers);
  assert.deepEqual([first.status, second.status], [200, 200]);
  assert.deepEqual(
    [first, second].map((reply) => reply.headers.get("x-sotto-joined")),
    [null, "true"],
  );
  assert.deepEqual(await second.json(), await first.json());
  const other = await postFile(url, clip.path, { response_format: "text" }, headers);
  const { error } = (await other.json()) as ErrorBody;
  assert.deepEqual([other.status, error.code], [400, "invalid_value"]);
  assert.match(error.message, /Idempotency-Key/);
  const unkeyed = await postFile(url, clip.path);
  assert.equal(unkeyed.headers.get("x-sotto-joined"), null, "without the key only running work is joined");
  const wrong = await postFile(url, clip.path, {}, { "idempotency-key": "k".repeat(300) });
  assert.equal(wrong.status, 400);
});

test("a request with another deadline is not joined, and neither waits for the other", async () => {
  const { reply } = await begin({ user: "1", timeout_ms: "60000" });
  const other = await postFile(url, long, { user: "1", timeout_ms: "100" });
  assert.equal(other.status, 408, "its deadline makes it another request");
  assert.equal((await reply).status, 200);
});
