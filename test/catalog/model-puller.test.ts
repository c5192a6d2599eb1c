import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ModelPuller, type ModelPullerOptions } from "../../src/catalog/model-puller.js";
import { SottoError } from "../../src/core/errors.js";
import { answerStatus, stallAfter } from "./model-hub.js";
import { FILE, setUpPull } from "./pull-setup.js";

const go = () => new AbortController().signal;

async function setUp(context: TestContext, given: Partial<ModelPullerOptions> = {}) {
  const { hub, folder, path } = await setUpPull(context);
  const notes: string[] = [];
  const note = (line: string) => notes.push(line);
  const puller = new ModelPuller({ folder, source: hub.url, reserveBytes: 0, note, ...given });
  context.after(() => puller.close());
  return { hub, folder, path, notes, puller };
}

test("a model that many requests wait for is pulled once", async (context) => {
  const { hub, path, puller, notes } = await setUp(context);
  const found = await Promise.all(Array.from({ length: 20 }, () => puller.fetch("mine", go())));
  assert.ok(found.every(Boolean));
  assert.equal(hub.requests.length, 1);
  assert.ok(existsSync(path));
  assert.deepEqual([notes[0], notes.at(-1)], ["the model mine is asked for and pulled", "the model mine is here"]);
});

test("a client that leaves ends nothing: who else waits for the model gets it", async (context) => {
  const { puller, path } = await setUp(context);
  const leaving = new AbortController();
  const left = puller.fetch("mine", leaving.signal);
  const stays = puller.fetch("mine", go());
  leaving.abort(new Error("the client left"));
  await assert.rejects(left, /the client left/);
  assert.equal(await stays, true);
  assert.ok(existsSync(path));
});

test("models are pulled one at a time", async (context) => {
  let running = 0;
  let most = 0;
  const pull = async () => {
    most = Math.max(most, ++running);
    await sleep(20);
    running--;
    return {} as never;
  };
  const { puller } = await setUp(context, { pull });
  assert.deepEqual(await Promise.all(["a", "b", "c"].map((id) => puller.fetch(id, go()))), [true, true, true]);
  assert.equal(most, 1);
});

test("what the source has not is asked of it once a minute, and the reason is the operator's alone", async (context) => {
  let nowMs = 0;
  const { hub, puller, notes } = await setUp(context, { now: () => nowMs });
  assert.equal(await puller.fetch("other", go()), false);
  const { length } = hub.requests;
  assert.equal(await puller.fetch("other", go()), false);
  assert.equal(hub.requests.length, length);
  assert.match(notes.at(-1) ?? "", /^the model other could not be pulled: /);
  nowMs += 61_000;
  hub.files.set("/ggml-other.bin", hub.files.get(`/${FILE}`) as Buffer);
  assert.equal(await puller.fetch("other", go()), true);
});

test("a disk that would come down to its reserve is said, and nothing is fetched", async (context) => {
  const { hub, folder, puller } = await setUp(context, { reserveBytes: 2 ** 60 });
  await mkdir(folder, { recursive: true });
  for (let round = 0; round < 2; round++) {
    const isFull = (error: unknown) => error instanceof SottoError && error.code === "storage_full";
    await assert.rejects(puller.fetch("mine", go()), isFull);
  }
  assert.equal(hub.requests.length, 0);
});

test("closing ends a pull, and what has come is there for the next", async (context) => {
  const { hub, folder, puller } = await setUp(context);
  hub.special.push(stallAfter(hub, 100_000));
  const pulling = puller.fetch("mine", go());
  for (let waitedMs = 0; !existsSync(join(folder, `${FILE}.part`)); waitedMs += 5) {
    assert.ok(waitedMs < 20_000);
    await sleep(5);
  }
  await puller.close();
  assert.equal(await pulling, false);
});

test("without a mirror the catalog says what there is; what comes with Sotto is never pulled", async (context) => {
  const { puller } = await setUp(context, { source: undefined });
  const known = ["tiny", "base-q8_0", "sotto-mini", "mine", "../../etc/passwd", ""].map((id) => puller.knows(id));
  assert.deepEqual(known, [true, true, false, false, false, false]);
  const mirrored = (await setUp(context)).puller;
  assert.deepEqual(
    ["tiny", "sotto-mini", "mine", "../../etc/passwd", "a/b"].map((id) => mirrored.knows(id)),
    [true, false, true, false, false],
  );
  const available = puller.available([{ id: "tiny" }]).map(({ id }) => id);
  assert.ok(available.includes("base") && !available.includes("tiny") && !available.includes("sotto-mini"));
});

test("a hub that is down for a moment is asked again by the pull itself", async (context) => {
  const { hub, puller } = await setUp(context);
  hub.special.push(answerStatus(503));
  assert.equal(await puller.fetch("mine", go()), true);
  assert.equal(hub.requests.length, 2);
});
