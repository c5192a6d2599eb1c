import assert from "node:assert/strict";
import { test } from "node:test";
import { SottoError } from "../../src/core/errors.js";
import { JoinedWork } from "../../src/http/joined-work.js";
import { KeptResults } from "../../src/http/kept-results.js";

const never = new AbortController().signal;
const tick = () => new Promise((done) => setImmediate(done));

/** Work that ends when the test says so, and tells what happened to it. */
function work() {
  let resolve: (result: string) => void = () => {};
  let reject: (reason: unknown) => void = () => {};
  const promise = new Promise<string>((...settle) => {
    [resolve, reject] = settle;
  });
  promise.catch(() => {});
  const log: string[] = [];
  return {
    log,
    finish: resolve,
    fail: reject,
    run: (signal: AbortSignal) => {
      log.push("run");
      signal.addEventListener("abort", () => {
        log.push("stop");
        reject(signal.reason);
      });
      return promise;
    },
    release: async () => {
      log.push("release");
    },
  };
}
const joinedWork = (limits = {}) => new JoinedWork<string>(new KeptResults(limits));
const same = { content: "a", key: undefined };
const keyed = (content: string) => ({ content, key: "k" });

test("the same request is worked on once; what the second one brought is given back at once", async () => {
  const all = joinedWork();
  const [first, second, other] = [work(), work(), work()];
  const replies = [all.join(same, never, first), all.join(same, never, second)];
  const elsewhere = all.join({ content: "b", key: undefined }, never, other);
  await tick();
  assert.deepEqual([first.log, second.log, other.log], [["run"], ["release"], ["run"]]);
  first.finish("text");
  other.finish("other");
  assert.deepEqual(await Promise.all(replies), [
    { result: "text", joined: false },
    { result: "text", joined: true },
  ]);
  assert.deepEqual(await elsewhere, { result: "other", joined: false });
  assert.deepEqual(first.log, ["run", "release"]);
});

test("without a key a request that comes later is worked on anew", async () => {
  const all = joinedWork();
  const [first, second] = [work(), work()];
  first.finish("one");
  await all.join(same, never, first);
  second.finish("two");
  assert.deepEqual(await all.join(same, never, second), { result: "two", joined: false });
});

test("the work goes on when the first client leaves and a second waits", async () => {
  const all = joinedWork();
  const first = work();
  const gone = new AbortController();
  const left = all.join(same, gone.signal, first);
  const stays = all.join(same, never, work());
  gone.abort(new Error("left"));
  await assert.rejects(left, /left/);
  assert.deepEqual(first.log, ["run"], "neither stopped nor without its files");
  first.finish("text");
  assert.deepEqual(await stays, { result: "text", joined: true });
  assert.deepEqual(first.log, ["run", "release"]);
});

test("the work stops when all have left, and a request that comes then begins anew", async () => {
  const all = joinedWork();
  const [first, next] = [work(), work()];
  const [one, two] = [new AbortController(), new AbortController()];
  const replies = [all.join(keyed("a"), one.signal, first), all.join(keyed("a"), two.signal, work())];
  for (const reply of replies) reply.catch(() => {});
  one.abort(new Error("one left"));
  await tick();
  assert.deepEqual(first.log, ["run"]);
  two.abort(new Error("two left"));
  await tick();
  const again = all.join(keyed("a"), never, next);
  assert.deepEqual(
    (await Promise.allSettled(replies)).map(({ status }) => status),
    ["rejected", "rejected"],
  );
  assert.deepEqual(first.log, ["run", "stop", "release"], "given back before the last client hears of it");
  next.finish("text");
  assert.deepEqual(await again, { result: "text", joined: false });
});

test("an error of the work is everybody's, and is not kept", async () => {
  const all = joinedWork();
  const [first, next] = [work(), work()];
  const replies = [all.join(keyed("a"), never, first), all.join(keyed("a"), never, work())];
  first.fail(new Error("undecodable"));
  for (const outcome of await Promise.allSettled(replies)) {
    assert.match(String(outcome.status === "rejected" && outcome.reason), /undecodable/);
  }
  next.finish("text");
  assert.deepEqual(await all.join(keyed("a"), never, next), { result: "text", joined: false });
});

test("a client that left before its turn begins nothing", async () => {
  const first = work();
  await assert.rejects(joinedWork().join(same, AbortSignal.abort(new Error("left")), first), /left/);
  assert.deepEqual(first.log, ["release"]);
});

test("with a key the result of finished work is sent again, until its time is over", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const all = joinedWork({ keepMs: 1000 });
  const [first, second, third] = [work(), work(), work()];
  first.finish("one");
  await all.join(keyed("a"), never, first);
  context.mock.timers.tick(999);
  assert.deepEqual(await all.join(keyed("a"), never, second), { result: "one", joined: true });
  assert.deepEqual(second.log, ["release"]);
  context.mock.timers.tick(1);
  third.finish("three");
  assert.deepEqual(await all.join(keyed("a"), never, third), { result: "three", joined: false });
});

test("a key that comes again with another request is refused, while the first runs and after it", async () => {
  const all = joinedWork();
  const [first, second] = [work(), work()];
  const isMismatch = (error: unknown) =>
    error instanceof SottoError && error.code === "invalid_value" && /Idempotency-Key/.test(error.message);
  const running = all.join(keyed("a"), never, first);
  await assert.rejects(all.join(keyed("b"), never, second), isMismatch);
  assert.deepEqual(second.log, ["release"]);
  first.finish("text");
  await running;
  await assert.rejects(all.join(keyed("b"), never, work()), isMismatch);
});

test("a key that joined work without one keeps its result too", async () => {
  const all = joinedWork();
  const first = work();
  const replies = [all.join(same, never, first), all.join(keyed("a"), never, work())];
  first.finish("text");
  await Promise.all(replies);
  assert.deepEqual(await all.join(keyed("a"), never, work()), { result: "text", joined: true });
});

test("of the kept results the oldest go when they take more than they may, and one too large is not kept", () => {
  const kept = new KeptResults<string>({ maxBytes: 24 });
  kept.put("1", "a", "x".repeat(10));
  kept.put("2", "b", "x".repeat(10));
  assert.ok(kept.get("1") && kept.get("2"));
  kept.put("3", "c", "x".repeat(10));
  assert.deepEqual([kept.get("1"), kept.get("2")?.content, kept.get("3")?.content], [undefined, "b", "c"]);
  kept.put("3", "c", "x".repeat(5));
  assert.ok(kept.get("2") && kept.get("3"), "what is put again counts once");
  kept.put("4", "d", "x".repeat(100));
  assert.equal(kept.get("4"), undefined);
});
