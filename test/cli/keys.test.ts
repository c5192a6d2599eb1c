import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { type TestContext, test } from "node:test";
import { runKeys } from "../../src/cli/keys.js";
import { UsageError } from "../../src/core/config.js";
import { temporaryFolder } from "../catalog/temporary-folder.js";
import { runSotto } from "../support/sotto.js";

async function setUp(context: TestContext) {
  const home = await temporaryFolder(context);
  const run = async (...args: string[]) => {
    const [output, notes] = [new PassThrough(), new PassThrough()];
    const code = await runKeys(args, { environment: { SOTTO_HOME: home }, output, notes });
    const [out, err] = [output, notes].map((stream) => String(stream.read() ?? "")) as [string, string];
    return { code, out, err };
  };
  return { run, path: join(home, "keys", "keys.json"), home };
}

test("create prints the key alone, once; list shows its beginning and rights; revoke ends it", async (context) => {
  const { run, path } = await setUp(context);
  const { code, out, err } = await run("create", "laptop");
  assert.equal(code, 0, err);
  assert.match(out, /^sk-sotto-[0-9a-f]{6}-[\w-]{43}\n$/);
  assert.match(err, /laptop may: transcribe, models\..*only now.*\nFrom now on every request needs a key\.\n$/);
  assert.ok(!err.includes(out.trim()));
  assert.ok(!(await readFile(path, "utf8")).includes(out.trim()));
  const second = await run("create", "monitor", "--rights", "metrics");
  assert.doesNotMatch(second.err, /From now on/);
  const list = await run("list");
  assert.match(list.out, /^NAME +KEY +CREATED +RIGHTS\n/);
  assert.match(list.out, /^laptop +sk-sotto-[0-9a-f]{6}-… +20\d\d-\S+Z +transcribe, models$/m);
  assert.match(list.out, /^monitor .* metrics$/m);
  assert.ok(list.out.includes(out.slice(0, 15)) && !list.out.includes(out.trim()));
  assert.deepEqual(await run("revoke", "laptop"), { code: 0, out: "laptop revoked.\n", err: "" });
  assert.doesNotMatch((await run("list")).out, /laptop/);
  assert.match((await run("revoke", "monitor")).err, /^No key is left, so every request is refused/);
  assert.match((await run("list")).out, /^There is no key/);
});

test("a name is taken once, until it is revoked", async (context) => {
  const { run } = await setUp(context);
  await run("create", "a");
  const again = await run("create", "a");
  assert.deepEqual([again.code, again.out], [1, ""]);
  assert.match(again.err, /^sotto: There is a key named a already\. .*revoke a\n$/);
  const unknown = await run("revoke", "b");
  assert.equal(unknown.code, 1);
  assert.match(unknown.err, /^sotto: There is no key named 'b'\. Keys: a\.\n$/);
  await run("revoke", "a");
  assert.equal((await run("create", "a")).code, 0);
});

test("processes that create keys at the same time lose none", async (context) => {
  const { run, home } = await setUp(context);
  const names = Array.from({ length: 6 }, (_, index) => `process-${index}`);
  const outcomes = await Promise.all(names.map((name) => runSotto(["keys", "create", name, "--home", home])));
  for (const { code, stdout, stderr } of outcomes) {
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^sk-sotto-\S+\n$/);
  }
  const { out } = await run("list");
  for (const name of names) assert.ok(out.includes(name), name);
});

test("mistakes in the command line are usage errors and make nothing", async (context) => {
  const { run } = await setUp(context);
  const usage = (args: string[], message: RegExp) =>
    assert.rejects(run(...args), (error: unknown) => error instanceof UsageError && message.test(error.message));
  await usage([], /needs one of create, list, revoke/);
  await usage(["craete"], /did you mean create\?/);
  await usage(["create"], /^keys create needs NAME\.$/);
  await usage(["list", "x"], /takes no argument/);
  await usage(["revoke", "a", "b"], /takes NAME, but received 'b' as well/);
  for (const name of ["", ".hidden", "a b", "a/b", "ä", "x".repeat(65), "a\nb"]) {
    await usage(["create", name], /letters, digits/);
  }
  await usage(["create", "a", "--rights", "everything"], /list of transcribe, models, metrics, but received/);
  await usage(["create", "a", "--rights", "models,"], /received ''/);
  assert.match((await run("list")).out, /no key/);
});

test("a damaged file is one line, and stays as it is", async (context) => {
  const { run, path } = await setUp(context);
  await run("create", "a");
  await writeFile(path, "{");
  for (const args of [["list"], ["create", "b"], ["revoke", "a"]]) {
    const { code, err } = await run(...args);
    assert.equal(code, 1);
    assert.match(err, /^sotto: The keys file is damaged.*Restore it.*\n$/);
  }
  assert.equal(await readFile(path, "utf8"), "{");
});
