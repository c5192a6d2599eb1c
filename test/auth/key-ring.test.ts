import assert from "node:assert/strict";
import { mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createKey } from "../../src/auth/key.js";
import { KeyFile, KeyFileError } from "../../src/auth/key-file.js";
import { KeyRing } from "../../src/auth/key-ring.js";
import { temporaryFolder } from "../catalog/temporary-folder.js";

async function setUp(context: TestContext) {
  const home = await temporaryFolder(context);
  const file = new KeyFile(home);
  const path = join(home, "keys", "keys.json");
  const trouble: string[] = [];
  const openRing = () => KeyRing.open({ file, onTrouble: (line) => trouble.push(line), maxAgeMs: 0 });
  const add = (name: string) =>
    file.change((keys) => {
      const { key, record } = createKey(name, ["transcribe"]);
      return { keys: [...keys, record], result: key };
    });
  const names = async (ring: KeyRing) => (await ring.current())?.map(({ name }) => name);
  return { home, file, path, trouble, openRing, add, names };
}

test("what is written is for its owner alone, holds no key, and leaves nothing beside it", async (context) => {
  const { home, path, add } = await setUp(context);
  const key = await add("a");
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  assert.equal((await stat(join(home, "keys"))).mode & 0o777, 0o700);
  assert.ok(!(await readFile(path, "utf8")).includes(key.slice(-43)));
  assert.deepEqual(await readdir(join(home, "keys")), ["keys.json"]);
});

test("changes at the same time lose nothing", async (context) => {
  const { add, file } = await setUp(context);
  const names = Array.from({ length: 20 }, (_, index) => `key-${index}`);
  await Promise.all(names.map(add));
  assert.deepEqual((await file.read()).map(({ name }) => name).sort(), names.sort());
});

test("a change that fails writes nothing and gives the lock back", async (context) => {
  const { add, file, path } = await setUp(context);
  await add("a");
  const before = await readFile(path, "utf8");
  const failing = file.change(() => {
    throw new Error("no");
  });
  await assert.rejects(failing, /no/);
  assert.equal(await readFile(path, "utf8"), before);
  await add("b");
});

test("without a file no key is needed; with one, even an empty one, keys are", async (context) => {
  const { openRing, add, file, names } = await setUp(context);
  const ring = await openRing();
  assert.equal(await names(ring), undefined);
  await add("a");
  assert.deepEqual(await names(ring), ["a"]);
  await file.change(() => ({ keys: [], result: undefined }));
  assert.deepEqual(await names(ring), []);
  assert.deepEqual(await names(await openRing()), []);
});

test("a file that is gone, cut, of another kind or unreadable leaves the keys last read, and is told once", async (context) => {
  const { openRing, add, names, path, trouble } = await setUp(context);
  await add("a");
  const ring = await openRing();
  const whole = await readFile(path, "utf8");
  const broken = ["", whole.slice(0, -5), "null", "[]", "{}", '{"version":2,"keys":[]}', '{"version":1,"keys":[{}]}'];
  for (const text of broken) {
    await writeFile(path, text);
    assert.deepEqual(await names(ring), ["a"], text);
    assert.deepEqual(await names(ring), ["a"], text);
  }
  const messages = new Set(trouble);
  assert.equal(trouble.length, messages.size, "each trouble is told once");
  await rm(path);
  assert.deepEqual(await names(ring), ["a"]);
  assert.match(String(trouble.at(-1)), /gone/);
  await mkdir(path);
  assert.deepEqual(await names(ring), ["a"]);
  assert.match(String(trouble.at(-1)), /EISDIR/);
  await rm(path, { recursive: true });
  await writeFile(path, whole);
  assert.deepEqual(await names(ring), ["a"]);
  assert.match(String(trouble.at(-1)), /can be read again/);
  assert.ok(!trouble.join().includes(path), "no path");
});

test("a file that was never whole lets nobody in", async (context) => {
  const { openRing, names, path, home } = await setUp(context);
  const ring = await openRing();
  assert.equal(await names(ring), undefined);
  await mkdir(join(home, "keys"));
  await writeFile(path, "{");
  assert.deepEqual(await names(ring), []);
  await rm(path);
  assert.deepEqual(await names(ring), [], "and does not open again when it goes");
});

test("a damaged file keeps a server from starting, and no command writes over it", async (context) => {
  const { openRing, add, path, home } = await setUp(context);
  await mkdir(join(home, "keys"));
  await writeFile(path, "{");
  await assert.rejects(openRing(), KeyFileError);
  await assert.rejects(add("a"), KeyFileError);
  assert.equal(await readFile(path, "utf8"), "{");
});

test("a change is seen even where size and times of the file stay the same, and is read at most once per age", async () => {
  const { record } = createKey("a", []);
  const text = (name: string) => JSON.stringify({ version: 1, keys: [{ ...record, name }] });
  let [current, readCount] = [text("a"), 0];
  const readText = async () => {
    readCount++;
    return current;
  };
  const ring = await KeyRing.open({ file: { readText }, onTrouble: assert.fail, maxAgeMs: 100 });
  await Promise.all(Array.from({ length: 50 }, () => ring.current()));
  assert.equal(readCount, 2);
  current = text("b");
  await new Promise((resolve) => setTimeout(resolve, 120));
  assert.equal((await ring.current())?.[0]?.name, "b");
});
