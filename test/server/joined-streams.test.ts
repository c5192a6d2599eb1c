import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { eventsOf, type StreamEvent } from "../support/events.js";
import { fixtureOf } from "../support/fixtures.js";
import { longRecording } from "../support/long-recording.js";
import { wordsOf } from "../support/post.js";
import { type RunningServer, startServer } from "../support/sotto.js";

const long = fixtureOf(45, 120);
const folder = mkdtempSync(join(tmpdir(), "sotto-joined-streams-"));
const minutes = longRecording(1200);
let server: RunningServer;

before(async () => {
  server = await startServer(["--workers", "1"]);
});
after(async () => {
  assert.equal(await server.stop(), 0);
  rmSync(folder, { recursive: true, force: true });
});

const spool = () => readdirSync(join(server.home, "spool"));

async function send(signal?: AbortSignal): Promise<Response> {
  const form = new FormData();
  form.append("stream", "true");
  form.append("language", "en");
  form.append("file", new Blob([readFileSync(minutes)]), "minutes.ogg");
  const url = `${server.url}/v1/audio/transcriptions`;
  return fetch(url, { method: "POST", body: form, ...(signal ? { signal } : {}) });
}

interface Read {
  joined: string | null;
  events: (StreamEvent & { atMs: number })[];
}

async function read(reply: Response): Promise<Read> {
  const events = [];
  for await (const event of eventsOf(reply)) events.push(event);
  return { joined: reply.headers.get("x-sotto-joined"), events };
}

/** The text of a stream that is whole: deltas, then the end, which is the deltas joined. */
function wholeText({ events }: Read): string {
  const done = events.at(-1);
  const deltas = events.slice(0, -1);
  assert.ok(deltas.length > 2 && deltas.every(({ type }) => type === "transcript.text.delta"));
  assert.equal(done?.type, "transcript.text.done", JSON.stringify(done));
  const joined = deltas.map(({ delta }) => delta).join("");
  assert.equal(done.text, joined);
  assert.ok(wordsOf(joined).length > wordsOf(long.text).length * 2.5, "all three rounds are there");
  return joined;
}

test("two identical streams at once are worked on once, and both get every delta in order, as it comes", async () => {
  const [first, second] = await Promise.all([send().then(read), send().then(read)]);
  assert.equal(wholeText(second), wholeText(first));
  assert.deepEqual(
    second.events.map(({ atMs: _, ...event }) => event),
    first.events.map(({ atMs: _, ...event }) => event),
  );
  assert.deepEqual([first.joined, second.joined].sort(), [null, "true"]);
  const joined = first.joined === "true" ? first : second;
  const [firstMs, lastMs] = [joined.events[0]?.atMs ?? 0, joined.events.at(-1)?.atMs ?? 0];
  assert.ok(lastMs - firstMs > 100, "the one that joined does not wait for the end either");
});

test("when the first of two identical streams leaves half-way, the other still gets everything", async () => {
  const leave = new AbortController();
  const replying = send(leave.signal);
  while (spool().length === 0) await sleep(5);
  const waiting = send().then(read);
  const reply = await replying;
  assert.equal(reply.headers.get("x-sotto-joined"), null);
  let seen = 0;
  for await (const { type } of eventsOf(reply)) {
    assert.equal(type, "transcript.text.delta");
    if (++seen === 2) break;
  }
  leave.abort();
  const other = await waiting;
  assert.equal(other.joined, "true");
  wholeText(other);
  for (let waitedMs = 0; spool().length > 0; waitedMs += 20) {
    assert.ok(waitedMs < 20_000, "the spool is empty soon");
    await sleep(20);
  }
});

test("one that joins half-way gets what came before at once, and the rest", async () => {
  const replied = await send();
  const events = eventsOf(replied);
  await events.next();
  const late = send().then(read);
  const first: Read = { joined: null, events: [] };
  for await (const event of events) first.events.push(event);
  const { joined, events: others } = await late;
  assert.equal(joined, "true");
  assert.equal(wholeText({ joined, events: others }), first.events.at(-1)?.text);
});
