import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Quarantine } from "../../src/engine/quarantine.js";

/** Tasks that note when they begin and end, and last until they are let go. */
function recorder() {
  const events: string[] = [];
  const gates = new Map<string, () => void>();
  const task = (name: string) => async () => {
    events.push(`+${name}`);
    await new Promise<void>((resolve) => gates.set(name, resolve));
    events.push(`-${name}`);
    return name;
  };
  const end = async (name: string) => {
    gates.get(name)?.();
    await sleep(1);
  };
  return { events, task, end };
}

test("tasks that share run side by side", async () => {
  const quarantine = new Quarantine();
  const { events, task, end } = recorder();
  const tasks = [quarantine.share(task("a")), quarantine.share(task("b"))];
  await sleep(1);
  assert.deepEqual(events, ["+a", "+b"]);
  await end("a");
  await end("b");
  assert.deepEqual(await Promise.all(tasks), ["a", "b"]);
});

test("a task that is alone waits for those that share, and holds up those that come after", async () => {
  const quarantine = new Quarantine();
  const { events, task, end } = recorder();
  const tasks = [quarantine.share(task("a"))];
  await sleep(1);
  tasks.push(quarantine.alone(task("suspect")), quarantine.alone(task("suspect 2")), quarantine.share(task("b")));
  await sleep(1);
  assert.deepEqual(events, ["+a"]);
  await end("a");
  assert.deepEqual(events.slice(1), ["-a", "+suspect"]);
  await end("suspect");
  assert.deepEqual(events.slice(3), ["-suspect", "+suspect 2"]);
  await end("suspect 2");
  assert.deepEqual(events.slice(5), ["-suspect 2", "+b"]);
  await end("b");
  await Promise.all(tasks);
});

test("a task that fails alone leaves the way free", async () => {
  const quarantine = new Quarantine();
  const failing = () => Promise.reject(new Error("down"));
  await assert.rejects(quarantine.alone(failing), /down/);
  await assert.rejects(quarantine.share(failing), /down/);
  assert.equal(await quarantine.share(async () => "well"), "well");
  assert.equal(await quarantine.alone(async () => "well"), "well");
});
