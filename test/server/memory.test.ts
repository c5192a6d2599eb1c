import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { MODEL_PATH } from "../support/demonstration.js";
import { fixtureOf } from "../support/fixtures.js";
import { longRecording } from "../support/long-recording.js";
import { type ErrorBody, postFile, wordsOf } from "../support/post.js";
import { enginesOf, residentBytesOf } from "../support/processes.js";
import { type RunningServer, startServer } from "../support/sotto.js";

const clip = fixtureOf(1, 8);
const long = fixtureOf(45, 120);
/** What all of Sotto may take when no model is loaded. */
const IDLE_BYTES = 80 * 1024 ** 2;

const transcriptions = (server: RunningServer) => `${server.url}/v1/audio/transcriptions`;
async function demandWords(server: RunningServer, fields: Record<string, string> = {}): Promise<void> {
  const reply = await postFile(transcriptions(server), clip.path, fields);
  assert.equal(reply.status, 200);
  assert.deepEqual(wordsOf(((await reply.json()) as { text: string }).text), wordsOf(clip.text));
}
async function until(condition: () => boolean, what: string, withinMs = 20_000): Promise<void> {
  for (let waitedMs = 0; !condition(); waitedMs += 20) {
    assert.ok(waitedMs < withinMs, what);
    await sleep(20);
  }
}

test("an idle model is unloaded, its memory returned, the server still ready, and the next request loads it again", async () => {
  const server = await startServer(["--keep-alive", "1s"]);
  try {
    await demandWords(server);
    assert.equal(enginesOf(server.child.pid).length, 1);
    await until(() => enginesOf(server.child.pid).length === 0, "the engine ends");
    const residentBytes = residentBytesOf(server.child.pid as number);
    assert.ok(residentBytes > 0 && residentBytes <= IDLE_BYTES, `${residentBytes / 1024 ** 2} MiB`);
    const { data } = (await (await fetch(`${server.url}/v1/models`)).json()) as {
      data: { id: string; state: string }[];
    };
    assert.equal(data.find(({ id }) => id === "sotto-mini")?.state, "on_disk");
    assert.equal((await fetch(`${server.url}/readyz`)).status, 200);
    assert.equal(enginesOf(server.child.pid).length, 0, "asking does not load it");
    await demandWords(server);
    assert.equal(enginesOf(server.child.pid).length, 1);
  } finally {
    assert.equal(await server.stop(), 0);
  }
});

test("with --keep-alive 0 the model is loaded for each request, with -1 it stays", async () => {
  const [fleeting, lasting] = await Promise.all([
    startServer(["--keep-alive", "0"]),
    startServer(["--keep-alive", "-1"]),
  ]);
  try {
    for (let round = 0; round < 2; round++) {
      await demandWords(fleeting);
      await until(() => enginesOf(fleeting.child.pid).length === 0, "the engine ends at once", 1000);
    }
    const [engine] = enginesOf(lasting.child.pid);
    await demandWords(lasting);
    assert.deepEqual(enginesOf(lasting.child.pid), [engine]);
  } finally {
    await Promise.all([fleeting.stop(), lasting.stop()]);
  }
});

test("two models within the limit stay side by side; when it is tight they take turns and every request is answered", async () => {
  // One demonstration model is reckoned at some 215 MiB.
  for (const [limit, engines] of [
    ["600m", 2],
    ["300m", 1],
  ] as const) {
    const server = await startServer(["--memory-limit", limit]);
    try {
      mkdirSync(join(server.home, "models"), { recursive: true });
      copyFileSync(MODEL_PATH, join(server.home, "models", "ggml-second.bin"));
      await Promise.all([
        ...Array.from({ length: 4 }, () => demandWords(server, { model: "sotto-mini" })),
        ...Array.from({ length: 4 }, () => demandWords(server, { model: "second" })),
        ...Array.from({ length: 4 }, () => demandWords(server, { model: "sotto-mini" })),
      ]);
      assert.equal(enginesOf(server.child.pid).length, engines, limit);
    } finally {
      assert.equal(await server.stop(), 0);
    }
  }
});

test("a limit that not even the default model fits is said at the start", async () => {
  await assert.rejects(
    startServer(["--memory-limit", "100m"]),
    /needs about \d+ MiB of memory, and --memory-limit is 100 MiB/,
  );
});

test("a model file that is replaced while it is loaded is loaded anew, under a request that goes on", async () => {
  const server = await startServer();
  try {
    const path = join(server.home, "models", "ggml-mine.bin");
    mkdirSync(join(server.home, "models"), { recursive: true });
    copyFileSync(MODEL_PATH, path);
    await demandWords(server, { model: "mine" });
    const before = enginesOf(server.child.pid);
    const running = postFile(transcriptions(server), long.path, { model: "mine" });
    await sleep(300);
    copyFileSync(MODEL_PATH, `${path}.new`);
    renameSync(`${path}.new`, path);
    await demandWords(server, { model: "mine" });
    assert.equal((await running).status, 200);
    await until(() => enginesOf(server.child.pid).length === before.length, "the old one ends");
    assert.notDeepEqual(enginesOf(server.child.pid), before);
  } finally {
    await server.stop();
  }
});

test("while its engine is down /readyz says so, a request waits for it, and both recover", async () => {
  const server = await startServer();
  // Killed as it comes up, again and again, until its starts are given up for a while.
  const hunt = setInterval(() => {
    for (const pid of enginesOf(server.child.pid)) process.kill(pid, "SIGKILL");
  }, 20);
  const isReadyNow = async () => (await fetch(`${server.url}/readyz`)).status === 200;
  try {
    const codes = new Set<string>();
    await until(
      () => {
        void fetch(`${server.url}/readyz`).then(async (reply) => {
          if (reply.status === 503) codes.add(((await reply.json()) as ErrorBody).error.code);
        });
        return codes.has("engine_unavailable");
      },
      "readiness names the failure",
      90_000,
    );
    assert.ok(codes.has("model_loading"));
    clearInterval(hunt);
    for (let waitedMs = 0; !(await isReadyNow()); waitedMs += 100) {
      assert.ok(waitedMs < 30_000, "it recovers without a request");
      await sleep(100);
    }
    await demandWords(server);
  } finally {
    clearInterval(hunt);
    await server.stop();
  }
});

test("a request past its own time limit is answered 408, and the work has stopped", async () => {
  const server = await startServer();
  try {
    const reply = await postFile(transcriptions(server), longRecording(3600), { timeout_ms: "500" });
    const { error } = (await reply.json()) as ErrorBody;
    assert.deepEqual([reply.status, error.code], [408, "deadline_exceeded"]);
    assert.match(error.message, /500 ms/);
    await demandWords(server, { timeout_ms: "60000" });
  } finally {
    await server.stop();
  }
});
