import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import OpenAI, { RateLimitError } from "openai";
import { fixtureOf } from "../support/fixtures.js";
import { postFile } from "../support/post.js";
import { runSotto, startServer } from "../support/sotto.js";

const clip = fixtureOf(1, 2);

test("each key has its own requests a minute; the headers count them down, and the next is told when to come", async () => {
  const server = await startServer(["--rate-limit-requests", "2"]);
  try {
    const [a, b] = await Promise.all(
      ["a", "b"].map(async (name) => {
        const { stdout } = await runSotto(["keys", "create", name, "--home", server.home]);
        return stdout.trim();
      }),
    );
    // A running server sees new keys within a second; until then nobody needs one.
    for (let waitedMs = 0; (await fetch(`${server.url}/v1/models`)).status !== 401; waitedMs += 50) {
      assert.ok(waitedMs < 20_000);
      await sleep(50);
    }
    const send = (key: string | undefined) =>
      postFile(`${server.url}/v1/audio/transcriptions`, clip.path, {}, { authorization: `Bearer ${key}` });
    for (const left of ["1", "0"]) {
      const reply = await send(a);
      assert.equal(reply.status, 200);
      const header = (name: string) => reply.headers.get(`x-ratelimit-${name}-requests`);
      assert.deepEqual([header("limit"), header("remaining")], ["2", left]);
      assert.match(header("reset") ?? "", /^\d+s$/);
    }
    const waits: number[] = [];
    for (let refused = 0; refused < 3; refused++) {
      const reply = await send(a);
      assert.equal(reply.status, 429);
      assert.equal(((await reply.json()) as { error: { code: string } }).error.code, "rate_limited");
      waits.push(Number(reply.headers.get("retry-after")));
    }
    const [first = 0, second = 0, third = 0] = waits;
    assert.ok(first > 50 && first <= 60 && second <= 60, "the next minute has room for two");
    assert.ok(third > 100 && third <= 120, "and the one after it for the third");
    assert.equal((await send(b)).status, 200, "another key is not held back");
    const client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: a ?? "", maxRetries: 0 });
    const file = new File([new Uint8Array(8)], "a.wav");
    await assert.rejects(client.audio.transcriptions.create({ file, model: "whisper-1" }), RateLimitError);
    assert.equal((await fetch(`${server.url}/v1/models`, { headers: { authorization: `Bearer ${a}` } })).status, 200);
  } finally {
    await server.stop();
  }
});

test("audio is counted by its length: what was heard holds back the next request", async () => {
  const server = await startServer(["--rate-limit-audio-seconds", "3"]);
  try {
    const send = () => postFile(`${server.url}/v1/audio/transcriptions`, clip.path);
    const first = await send();
    assert.deepEqual([first.status, first.headers.get("x-ratelimit-remaining-audio-seconds")], [200, "3"]);
    for (let sent = 1; sent * clip.durationSec < 3; sent++) assert.equal((await send()).status, 200);
    const refused = await send();
    assert.equal(refused.status, 429);
    assert.ok(Number(refused.headers.get("retry-after")) > 30);
    assert.equal(refused.headers.get("x-ratelimit-remaining-audio-seconds"), "0");
  } finally {
    await server.stop();
  }
});
