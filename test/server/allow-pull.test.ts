import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { packageRoot } from "../../src/core/package-root.js";
import { sendFile, startHub } from "../catalog/model-hub.js";
import { fixtureOf } from "../support/fixtures.js";
import { type ErrorBody, postFile, wordsOf } from "../support/post.js";
import { runSotto, startServer } from "../support/sotto.js";

const clip = fixtureOf(1, 8);
const MODEL = readFileSync(join(packageRoot(), "models", "ggml-sotto-mini.bin"));

test("a model that a request names is pulled once for all that wait, serves them, and stays", async (context) => {
  const hub = await startHub(context);
  hub.files.set("/ggml-other.bin", MODEL);
  const server = await startServer(["--allow-pull", "--source", hub.url, "--workers", "1", "--max-queue", "0"]);
  const url = `${server.url}/v1/audio/transcriptions`;
  const ask = (fields: Record<string, string>) => postFile(url, clip.path, fields);
  try {
    // The hub holds it back until everybody has asked.
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    hub.special.push((request, response: ServerResponse) => {
      void held.then(() => sendFile(hub)(request, response));
    });
    const spooled = async () => (await readdir(join(server.home, "spool"))).length;
    const waiting: Promise<Response>[] = [];
    for (const user of ["a", "b", "c"]) {
      waiting.push(ask({ model: "other", user }));
      await until(async () => (await spooled()) === waiting.length, "it has come");
      // There is one place, and those that wait for a model do not keep it.
      await until(async () => {
        const local = await ask({ user });
        return local.status === 200 && local.headers.get("x-sotto-model") === "sotto-mini";
      }, "another is served meanwhile");
    }
    const impatient = await ask({ model: "other", user: "d", timeout_ms: "300" });
    assert.deepEqual([impatient.status, await codeOf(impatient)], [408, "deadline_exceeded"]);
    release();
    for (const reply of await Promise.all(waiting)) {
      assert.deepEqual([reply.status, reply.headers.get("x-sotto-model")], [200, "other"]);
      assert.deepEqual(wordsOf(((await reply.json()) as { text: string }).text), wordsOf(clip.text));
    }
    assert.equal(hub.requests.length, 1);
    assert.equal((await ask({ model: "other", user: "f" })).status, 200);
    assert.equal(hub.requests.length, 1, "it is installed");
    assert.match(server.log(), /^the model other is asked for and pulled$[\s\S]*^the model other is here$/m);

    const missing = await ask({ model: "never-heard-of" });
    assert.deepEqual([missing.status, await codeOf(missing)], [404, "model_not_found"]);
    assert.match(server.log(), /^the model never-heard-of could not be pulled: /m);

    const { data } = (await (await fetch(`${server.url}/v1/models`)).json()) as {
      data: { id: string; state: string }[];
    };
    const states = Object.fromEntries(data.map(({ id, state }) => [id, state]));
    assert.ok(["on_disk", "loaded"].includes(states.other ?? "") && states["base-q8_0"] === "available");
    const one = (await (await fetch(`${server.url}/v1/models/tiny`)).json()) as { state: string; bytes: number };
    assert.deepEqual([one.state, one.bytes], ["available", 77_691_713]);
    assert.deepEqual(await readdir(join(server.home, "spool")), []);
  } finally {
    await server.stop();
  }
});

test("a server that ends while it pulls ends in time, and its clients are told", async (context) => {
  const hub = await startHub(context);
  hub.special.push(() => {});
  const server = await startServer(["--allow-pull", "--source", hub.url, "--drain-ms", "200"]);
  const waiting = postFile(`${server.url}/v1/audio/transcriptions`, clip.path, { model: "other" });
  for (let waitedMs = 0; hub.requests.length === 0; waitedMs += 10) {
    assert.ok(waitedMs < 10_000);
    await sleep(10);
  }
  assert.equal(await server.stop(), 0);
  assert.deepEqual([(await waiting).status, await codeOf(await waiting)], [503, "shutting_down"]);
});

test("without the option nothing is pulled, and air-gapped it is refused", async (context) => {
  const hub = await startHub(context);
  hub.files.set("/ggml-other.bin", MODEL);
  const server = await startServer(["--source", hub.url]);
  try {
    const reply = await postFile(`${server.url}/v1/audio/transcriptions`, clip.path, { model: "other" });
    assert.deepEqual([reply.status, await codeOf(reply), hub.requests.length], [404, "model_not_found", 0]);
    const { data } = (await (await fetch(`${server.url}/v1/models`)).json()) as { data: { state: string }[] };
    assert.ok(data.every(({ state }) => state !== "available"));
  } finally {
    await server.stop();
  }
  const { code, stderr } = await runSotto(["serve", "--port", "0", "--allow-pull", "--air-gapped"]);
  assert.equal(code, 2);
  assert.match(stderr, /no --allow-pull with --air-gapped/);
});

async function until(holds: () => Promise<boolean>, what: string): Promise<void> {
  for (const startedMs = performance.now(); !(await holds()); await sleep(20)) {
    assert.ok(performance.now() - startedMs < 20_000, what);
  }
}

async function codeOf(reply: Response): Promise<string> {
  return ((await reply.json()) as ErrorBody).error.code;
}
