import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fixtureOf } from "../support/fixtures.js";
import { longRecording } from "../support/long-recording.js";
import { type ErrorBody, postFile, wordsOf } from "../support/post.js";
import { enginesOf } from "../support/processes.js";
import { type RunningServer, runSotto, startServer } from "../support/sotto.js";

const clip = fixtureOf(1, 8);
/** Four hours: 500 windows or more, of which a clip waits for one at a time. ffmpeg alone takes longer than all the clips. */
const endless = longRecording(14_400);
const url = (server: RunningServer) => `${server.url}/v1/audio/transcriptions`;
let asked = 0;
/** Requests that differ, so that none joins another. */
const post = (server: RunningServer, path: string, headers = {}, signal?: AbortSignal) =>
  postFile(url(server), path, { user: `u${asked++}` }, headers, signal);

/** One that stands still for ten seconds is replaced: each time they are looked for anew. */
function signalEngines(server: RunningServer, signal: "SIGSTOP" | "SIGCONT"): void {
  for (const engine of enginesOf(server.child.pid)) process.kill(engine, signal);
}

async function metric(server: RunningServer, name: string): Promise<number> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  return Number(
    text
      .split("\n")
      .find((line) => line.startsWith(`${name} `))
      ?.split(" ")[1] ?? Number.NaN,
  );
}

/** Runs `during` while recordings of hours are at work, and sees that they were so all the time. */
async function besideFiles<Result>(
  server: RunningServer,
  count: number,
  during: () => Promise<Result>,
): Promise<Result> {
  const leaving = new AbortController();
  let ended = 0;
  const files = Array.from({ length: count }, () =>
    post(server, endless, {}, leaving.signal).then(
      () => ended++,
      (error: Error) => assert.equal(error.name, "AbortError"),
    ),
  );
  const windows = async () => (await metric(server, 'sotto_windows_now{state="running"}')) > 0;
  for (
    let waitedMs = 0;
    !((await windows()) && (await metric(server, "sotto_requests_inside")) === count);
    waitedMs += 20
  ) {
    assert.ok(waitedMs < 60_000, "the files are at work");
    await sleep(20);
  }
  const result = await during();
  assert.equal(ended, 0, "no file was through meanwhile");
  leaving.abort();
  await Promise.all(files);
  return result;
}

test("clips are done while files of hours go on, and none waits for one", async () => {
  const server = await startServer(["--workers", "1"]);
  try {
    await besideFiles(server, 2, async () => {
      for (let round = 0; round < 5; round++) {
        const reply = await post(server, clip.path);
        assert.equal(reply.status, 200);
        assert.deepEqual(wordsOf(((await reply.json()) as { text: string }).text), wordsOf(clip.text));
      }
      const replies = await Promise.all(Array.from({ length: 8 }, () => post(server, clip.path)));
      assert.deepEqual(
        replies.map(({ status }) => status),
        replies.map(() => 200),
      );
    });
  } finally {
    await server.stop();
  }
});

test("a key may not have more here than its own, in requests and in audio, and another key has its own", async () => {
  const server = await startServer(["--workers", "1", "--max-per-key", "2", "--max-per-key-audio-seconds", "60"]);
  try {
    const keyOf = async (name: string) => {
      const { stdout } = await runSotto(["keys", "create", name, "--home", server.home]);
      return { authorization: `Bearer ${stdout.trim()}` };
    };
    const [one, two] = [await keyOf("one"), await keyOf("two")];
    for (let waitedMs = 0; (await post(server, clip.path)).status !== 401; waitedMs += 50) {
      assert.ok(waitedMs < 10_000, "keys are asked for");
      await sleep(50);
    }
    signalEngines(server, "SIGSTOP");
    const busy = [post(server, clip.path, one), post(server, clip.path, one)];
    // No probe may take the place of one of the two.
    for (let waitedMs = 0; readdirSync(join(server.home, "spool")).length < 2; waitedMs += 5) {
      assert.ok(waitedMs < 10_000, "both are here");
      await sleep(5);
    }
    // A probe that was let in and left may itself be what is too much for a moment.
    const refusalOf = async (headers: object, expected: RegExp) => {
      for (let waitedMs = 0; waitedMs < 20_000; waitedMs += 20) {
        const reply = await post(server, clip.path, headers, AbortSignal.timeout(500)).catch(() => undefined);
        if (reply?.status === 429) {
          const { error } = (await reply.json()) as ErrorBody;
          if (expected.test(error.message))
            return { ...error, retryAfterSec: Number(reply.headers.get("retry-after")) };
        }
        await sleep(20);
      }
      throw new Error("none was refused");
    };
    const refused = await refusalOf(one, /at most 2 requests of one key/);
    assert.equal(refused.code, "queue_full");
    assert.ok(refused.retryAfterSec >= 1);
    const other = post(server, clip.path, two);
    signalEngines(server, "SIGCONT");
    for (const reply of await Promise.all([...busy, other])) assert.equal(reply.status, 200);

    const leaving = new AbortController();
    // However fast the engine is, of what it does not take there is soon more than a minute.
    signalEngines(server, "SIGSTOP");
    const file = post(server, endless, one, leaving.signal).catch(() => undefined);
    await refusalOf(one, /at most 60 seconds of audio of one key/);
    signalEngines(server, "SIGCONT");
    assert.equal((await post(server, clip.path, two)).status, 200);
    leaving.abort();
    await file;
  } finally {
    await server.stop();
  }
});

test("a full queue says when to come back, and who comes back then is served", async () => {
  const server = await startServer(["--workers", "1", "--max-queue", "4"]);
  try {
    for (let warm = 0; warm < 3; warm++) await post(server, clip.path);
    let kept = 0;
    let broken = 0;
    const client = async () => {
      let wasTold = false;
      for (;;) {
        const reply = await post(server, clip.path);
        await reply.arrayBuffer();
        if (reply.status === 200) {
          if (wasTold) kept++;
          return;
        }
        assert.equal(reply.status, 429);
        if (wasTold) broken++;
        wasTold = true;
        const waitSec = Number(reply.headers.get("retry-after"));
        assert.ok(waitSec >= 1 && waitSec < 600, String(waitSec));
        await sleep(waitSec * 1000);
      }
    };
    await Promise.all(Array.from({ length: 24 }, client));
    // On a machine with other work. How often it is true on one without: schedule/admission.test.ts, `npm run stress:retry`.
    assert.ok(kept >= 2 * broken, `${kept} were served as told, ${broken} were not`);
  } finally {
    await server.stop();
  }
});
