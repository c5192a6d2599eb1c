import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { importModel } from "../../src/catalog/import-model.js";
import { writeInstallNote } from "../../src/catalog/install-note.js";
import { installPart } from "../../src/catalog/install-part.js";
import { readModelFile } from "../../src/catalog/model-file.js";
import { ModelStore } from "../../src/catalog/model-store.js";
import { removeModel } from "../../src/catalog/remove-model.js";
import { SottoError } from "../../src/core/errors.js";
import { buildModel } from "./build-model.js";
import { setUpPull } from "./pull-setup.js";
import { temporaryFolder } from "./temporary-folder.js";

const MODEL = buildModel().bytes;
const SHA256 = createHash("sha256").update(MODEL).digest("hex");
/** Another weight: no walk sees it. */
const ALTERED = Buffer.from(MODEL).fill(1, MODEL.length - 1);

/** `tiny` as a pull installs it. */
async function setUp(context: TestContext) {
  const home = await temporaryFolder(context);
  const folder = join(home, "models");
  await mkdir(folder);
  const path = join(folder, "ggml-tiny.bin");
  await writeFile(`${path}.part`, MODEL);
  await installPart({
    partPath: `${path}.part`,
    path,
    checksum: { algorithm: "sha256", hex: SHA256 },
    walk: readModelFile,
  });
  const store = (configuredModel?: string) => new ModelStore({ home, configuredModel });
  return { folder, path, store };
}

async function refused(finding: Promise<unknown>): Promise<void> {
  await assert.rejects(finding, (error: unknown) => {
    assert.ok(error instanceof SottoError && error.code === "model_not_found", String(error));
    assert.match(error.message, new RegExp(`SHA-256 as installed: expected ${SHA256}, but found [0-9a-f]{64}`));
    return true;
  });
}

test("an installed model whose bytes change later is refused, and the message says what differs", async (context) => {
  const { path, store } = await setUp(context);
  const running = store();
  assert.equal((await running.find("tiny")).id, "tiny");
  await writeFile(path, ALTERED);
  await refused(running.find("tiny"));
  await refused(store().find("tiny"));
  await refused(store().findForOperator("tiny"));
});

test("a file that the operator names by its path is taken as it is, whatever was installed there", async (context) => {
  const { path, store } = await setUp(context);
  await writeFile(path, ALTERED);
  assert.equal((await store().findForOperator(path)).path, path);
  const configured = store(path);
  assert.equal((await configured.find(undefined)).path, path);
  assert.equal((await configured.find("tiny")).path, path);
});

test("a file that was only touched is hashed once and used", async (context) => {
  const { path, store } = await setUp(context);
  await utimes(path, 1000, 2000);
  assert.equal((await store().find("tiny")).id, "tiny");
  const note = JSON.parse(await readFile(`${path}.json`, "utf8")) as { stamp: string };
  assert.equal(note.stamp, `${MODEL.length}:2000000`);
});

test("a file whose size and time stay is not hashed again", async (context) => {
  const { path, store } = await setUp(context);
  const { atime } = await stat(path);
  await utimes(path, atime, 2000);
  await store().find("tiny");
  await writeFile(path, ALTERED);
  await utimes(path, atime, 2000);
  assert.equal((await store().find("tiny")).id, "tiny", "only a hash could tell");
});

test("a file put there by hand, with a catalogued name and no note or a damaged one, is used", async (context) => {
  const { folder, store } = await setUp(context);
  await writeFile(join(folder, "ggml-base.bin"), ALTERED);
  assert.equal((await store().find("base")).id, "base");
  await writeFile(join(folder, "ggml-base.bin.json"), '{"algorithm":"sha256","he');
  assert.equal((await store().find("base")).id, "base");
});

test("an imported model is noted too, and another one takes its place after rm", async (context) => {
  const { folder, path, store } = await setUp(context);
  await removeModel(store(), "tiny");
  assert.deepEqual(await readdir(folder), []);
  const own = join(await temporaryFolder(context), "ggml-tiny.bin");
  await writeFile(own, ALTERED);
  assert.equal((await importModel(store(), own)).published, "different");
  assert.equal((await store().find("tiny")).id, "tiny");
  await writeFile(path, MODEL);
  await assert.rejects(store().find("tiny"), /SHA-256 as installed/);
});

test("a pull replaces an installed file that is not what it was", async (context) => {
  const { pull, path } = await setUpPull(context);
  await pull();
  await writeInstallNote(path, { algorithm: "sha256", hex: SHA256 });
  assert.equal((await pull()).alreadyInstalled, true);
  await writeFile(path, ALTERED);
  assert.equal((await pull()).alreadyInstalled, false);
  assert.deepEqual(await readFile(path), MODEL);
  assert.ok(!existsSync(`${path}.part`));
});
