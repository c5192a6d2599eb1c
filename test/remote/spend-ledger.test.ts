import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { SpendLedger } from "../../src/remote/spend-ledger.js";

const home = () => mkdtempSync(join(tmpdir(), "sotto-spend-"));
const fileIn = (folder: string) => join(folder, "overflow", "spend.json");
const NONE = { ofProvider: undefined, ofAll: undefined };

test("what was spent is known after a restart", async () => {
  const folder = home();
  const bill = await new SpendLedger(folder).reserve("a", 0.5, NONE);
  await bill?.settle(0.25);
  await (await new SpendLedger(folder).reserve("b", 1, NONE))?.settle(1);
  assert.deepEqual({ ...(await new SpendLedger(folder).spentToday()) }, { a: 0.25, b: 1 });
  assert.deepEqual(readdirSync(join(folder, "overflow")), ["spend.json"], "no lock and no half file stays");
});

test("what is expected counts until it is known, so that requests at once do not pass a limit together", async () => {
  const ledger = new SpendLedger(home());
  const limits = { ofProvider: 1, ofAll: undefined };
  const bills = await Promise.all(Array.from({ length: 10 }, () => ledger.reserve("a", 0.3, limits)));
  assert.equal(bills.filter((bill) => bill !== undefined).length, 3);
  await bills[0]?.settle(0);
  assert.ok(await ledger.reserve("a", 0.3, limits), "what was not spent is there again");
  assert.equal(await ledger.reserve("a", 0.3, limits), undefined);
});

test("the limit of all counts what each has cost", async () => {
  const ledger = new SpendLedger(home());
  const limits = { ofProvider: 10, ofAll: 1 };
  assert.ok(await ledger.reserve("a", 0.6, limits));
  assert.equal(await ledger.reserve("b", 0.6, limits), undefined);
  assert.ok(await ledger.reserve("b", 0.4, limits));
  assert.ok(await ledger.reserve("b", 0, limits), "what costs nothing passes no limit");
});

test("a day begins at midnight UTC, and what was set down the day before stays there", async () => {
  const folder = home();
  let now = new Date("2026-03-01T23:59:59Z");
  const ledger = new SpendLedger(folder, () => now);
  const limits = { ofProvider: 1, ofAll: undefined };
  const late = await ledger.reserve("a", 1, limits);
  assert.equal(await ledger.reserve("a", 1, limits), undefined);
  now = new Date("2026-03-02T00:00:01Z");
  assert.ok(await ledger.reserve("a", 0.9, limits));
  await late?.settle(0);
  assert.deepEqual({ ...(await ledger.spentToday()) }, { a: 0.9 });
});

test("two servers with one home share the limit", async () => {
  const folder = home();
  const ledgers = [new SpendLedger(folder), new SpendLedger(folder)];
  const limits = { ofProvider: undefined, ofAll: 5 };
  const asked = Array.from({ length: 12 }, (_, index) => ledgers[index % 2]?.reserve("a", 1, limits));
  assert.equal((await Promise.all(asked)).filter((bill) => bill !== undefined).length, 5);
});

test("a damaged file is not taken for an empty one", async () => {
  const folder = home();
  mkdirSync(join(folder, "overflow"));
  for (const text of ["", "{", '{"version":1,"day":"2026-01-01","spent":{"a":-1}}', '{"version":2}']) {
    writeFileSync(fileIn(folder), text);
    await assert.rejects(new SpendLedger(folder).reserve("a", 1, NONE), /damaged/);
    assert.equal(readFileSync(fileIn(folder), "utf8"), text, "it is left as it is");
  }
  rmSync(fileIn(folder));
  assert.ok(await new SpendLedger(folder).reserve("a", 1, NONE));
});

test("a provider may be called like a member of every object", async () => {
  const ledger = new SpendLedger(home());
  await ledger.reserve("constructor", 1, NONE);
  await ledger.reserve("__proto__", 2, NONE);
  assert.equal(await ledger.reserve("constructor", 1, { ofProvider: 1, ofAll: undefined }), undefined);
  assert.equal(await ledger.reserve("__proto__", 1, { ofProvider: 2, ofAll: undefined }), undefined);
});
