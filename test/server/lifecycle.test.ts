import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fixtureOf } from "../support/fixtures.js";
import { longRecording } from "../support/long-recording.js";
import { type ErrorBody, postFile, wordsOf } from "../support/post.js";
import { enginesOf } from "../support/processes.js";
import { type RunningServer, runSotto, startServer } from "../support/sotto.js";

const clip = fixtureOf(1, 8);
/** It takes seconds. */
const long = longRecording(1200);
const transcriptions = (server: RunningServer) => `${server.url}/v1/audio/transcriptions`;
const spoolOf = ({ home }: RunningServer) => join(home, "spool");
/** Waits until a request is at work: it then goes on for seconds. */
async function works(server: RunningServer): Promise<void> {
  const isAtWork = () =>
    readdirSync(spoolOf(server)).some((name) => existsSync(join(spoolOf(server), name, "audio.s16le")));
  for (let waitedMs = 0; !isAtWork(); waitedMs += 5) {
    assert.ok(waitedMs < 20_000, "it is at work");
    await sleep(5);
  }
}
const textOf = async (reply: Response) => wordsOf(((await reply.json()) as { text: string }).text);

test("the start says what model serves and how to try it, and standard output holds the address alone", async () => {
  const server = await startServer();
  try {
    assert.match(server.log(), /demonstration model: it knows .*models pull/);
    await sleep(100);
    assert.match(server.log(), /try: curl http:.*-F file=@/);
    const health = await fetch(`${server.url}/healthz`);
    assert.deepEqual([health.status, await health.json()], [200, { status: "ok" }]);
    const ready = await fetch(`${server.url}/readyz`);
    assert.deepEqual([ready.status, await ready.json()], [200, { status: "ready", model: "sotto-mini" }]);
  } finally {
    await server.stop();
  }
});

test("SIGTERM lets the running request finish, takes no new one, then ends with 0", async () => {
  const server = await startServer();
  const running = postFile(transcriptions(server), long);
  await works(server);
  const stopped = server.stop();
  const reply = await running;
  assert.equal(reply.status, 200);
  assert.ok((await textOf(reply)).length > 0);
  // Its port is closed by now, or closing.
  const late = await postFile(transcriptions(server), clip.path).catch(() => undefined);
  assert.ok(late === undefined || late.status === 503);
  assert.equal(await stopped, 0);
});

test("after --drain-ms a request that still runs is answered shutting_down", async () => {
  const server = await startServer(["--drain-ms", "0"]);
  const running = postFile(transcriptions(server), long);
  await works(server);
  const started = performance.now();
  const stopped = server.stop();
  const reply = await running;
  assert.equal(reply.status, 503);
  assert.equal(((await reply.json()) as ErrorBody).error.code, "shutting_down");
  assert.equal(await stopped, 0);
  assert.ok(performance.now() - started < 20_000, "no open connection holds the server back");
});

test("a second signal ends at once", async () => {
  const server = await startServer();
  const running = postFile(transcriptions(server), long).catch(() => undefined);
  await works(server);
  // However fast the machine is, the request does not end by itself.
  const engines = enginesOf(server.child.pid);
  for (const engine of engines) process.kill(engine, "SIGSTOP");
  const exited = once(server.child, "exit");
  server.child.kill("SIGTERM");
  await sleep(1500); // sooner it would be the same signal once more
  server.child.kill("SIGTERM");
  const [code] = await exited;
  for (const engine of engines) process.kill(engine, "SIGKILL");
  assert.equal(code, 1, "it did not wait for the request, after which it would have ended with 0");
  assert.equal(await running, undefined);
  rmSync(server.home, { recursive: true, force: true });
});

test("an engine that is killed under a request is replaced, and the request is answered", async () => {
  const server = await startServer();
  try {
    const expected = await textOf(await postFile(transcriptions(server), long));
    const running = postFile(transcriptions(server), long);
    await works(server);
    const [engine] = enginesOf(server.child.pid);
    assert.ok(engine);
    process.kill(engine, "SIGKILL");
    const reply = await running;
    assert.equal(reply.status, 200);
    assert.deepEqual(await textOf(reply), expected);
    assert.notDeepEqual(enginesOf(server.child.pid), [engine]);
  } finally {
    await server.stop();
  }
});

test("a client that leaves stops the work: its files are gone and the next one is served at once", async () => {
  const server = await startServer();
  try {
    const gone = new AbortController();
    const form = new FormData();
    form.append("file", new Blob([readFileSync(long)]), "long.flac");
    const request = fetch(transcriptions(server), { method: "POST", body: form, signal: gone.signal });
    await works(server);
    gone.abort();
    await assert.rejects(request);
    for (let waitedMs = 0; readdirSync(spoolOf(server)).length > 0; waitedMs += 20) {
      assert.ok(waitedMs < 20_000, "the spool is empty soon");
      await sleep(20);
    }
    assert.deepEqual(await textOf(await postFile(transcriptions(server), clip.path)), wordsOf(clip.text));
  } finally {
    await server.stop();
  }
});

test("more requests than may wait are told when to come back", async () => {
  const server = await startServer(["--max-queue", "1", "--workers", "1"]);
  try {
    // Different ones: the same request is not worked on twice.
    const send = (_: unknown, index: number) => postFile(transcriptions(server), long, { prompt: `${index}` });
    const replies = await Promise.all(Array.from({ length: 6 }, send));
    const refused = replies.filter(({ status }) => status === 429);
    assert.equal(replies.filter(({ status }) => status === 200).length, 2);
    assert.equal(refused.length, 4);
    for (const reply of refused) {
      assert.equal(((await reply.json()) as ErrorBody).error.code, "queue_full");
      assert.ok(Number(reply.headers.get("retry-after")) >= 1);
      assert.equal(reply.headers.get("x-should-retry"), "true");
    }
  } finally {
    await server.stop();
  }
});

test("without ffmpeg the server says so, at the start, at /readyz and to every request", async () => {
  const server = await startServer(["--ffmpeg", "/does/not/exist/ffmpeg"]);
  try {
    assert.match(server.log(), /ffmpeg was not found.*Install it/);
    for (const reply of [await fetch(`${server.url}/readyz`), await postFile(transcriptions(server), clip.path)]) {
      assert.equal(reply.status, 503);
      assert.equal(((await reply.json()) as ErrorBody).error.code, "decoder_missing");
    }
  } finally {
    await server.stop();
  }
});

test("what keeps the server from starting is one line and an exit code", async () => {
  const home = mkdtempSync(join(tmpdir(), "sotto-start-"));
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  const { port } = taken.address() as { port: number };
  const cases: [string[], number, RegExp][] = [
    [["--port", String(port)], 1, new RegExp(`port ${port}.*in use`)],
    [["--model", "no-such-model"], 1, /'no-such-model' is not installed/],
    [["--model", "/etc/passwd.bin"], 1, /not installed/],
    [["--prot", "1"], 2, /did you mean --port/],
    [["extra"], 2, /takes no argument/],
  ];
  for (const [args, code, message] of cases) {
    const outcome = await runSotto(["serve", "--home", home, "--port", "0", ...args]);
    assert.equal(outcome.code, code, outcome.stderr);
    assert.match(outcome.stderr, message);
    assert.ok(!outcome.stderr.includes("    at "), outcome.stderr);
    assert.equal(outcome.stdout, "");
  }
  taken.close();
  rmSync(home, { recursive: true, force: true });
});

test("help and version answer without a server, and an unknown command names the nearest", async () => {
  assert.match((await runSotto(["--help"])).stdout, /sotto serve/);
  const help = await runSotto(["serve", "--help"]);
  assert.match(help.stdout, /--max-upload-mb N .*\[1024\]/);
  assert.match((await runSotto(["--version"])).stdout, /^\d+\.\d+\.\d+\n$/);
  const unknown = await runSotto(["sevre"]);
  assert.deepEqual([unknown.code, unknown.stderr], [2, "sotto: Unknown command sevre; did you mean serve?\n"]);
});
