import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { bareCheckout, setupModule, writeFiles } from "./checkout.js";

interface LockModule {
  withLock(work: () => Promise<void>): Promise<void>;
}

test("two set-ups of one checkout come one after the other", async (t) => {
  const { withLock } = await setupModule<LockModule>("lock", bareCheckout(t));
  const events: string[] = [];
  const work = (name: string) => async () => {
    events.push(`${name} begins`);
    await sleep(50);
    events.push(`${name} ends`);
  };
  await Promise.all([withLock(work("first")), withLock(work("second"))]);
  assert.deepEqual(events, ["first begins", "first ends", "second begins", "second ends"]);
});

test("a lock whose process is gone is taken over, and a failure gives it back", async (t) => {
  const checkout = bareCheckout(t);
  const { withLock } = await setupModule<LockModule>("lock", checkout);
  const noSuchProcess = 2 ** 22 + 1; // above Linux's largest
  writeFiles(checkout, { "build/setup.lock": String(noSuchProcess) });
  await assert.rejects(
    withLock(async () => {
      throw new Error("in the middle");
    }),
    /in the middle/,
  );
  assert.ok(!existsSync(join(checkout, "build/setup.lock")));
});
