import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { importModel } from "../../src/catalog/import-model.js";
import { ModelError } from "../../src/catalog/model-error.js";
import { ModelStore } from "../../src/catalog/model-store.js";
import { pullSpeechModel } from "../../src/catalog/pull-speech.js";
import { removeModel } from "../../src/catalog/remove-model.js";
import { SpeechModel, speechEntry } from "../../src/catalog/speech-model.js";
import { loudnessNetwork, onnxOf, speechFile, speechPackage } from "../support/build-silero.js";
import { cutAfter, startHub } from "./model-hub.js";
import { temporaryFolder } from "./temporary-folder.js";

const { archive, entry } = speechPackage();

async function setUp(context: TestContext) {
  const hub = await startHub(context);
  hub.files.set("/vad.tgz", archive);
  const home = await temporaryFolder(context);
  const folder = join(home, "models");
  const pull = (known = entry) => pullSpeechModel({ folder, source: hub.url, retryDelayMs: 1 }, known);
  const left = () => readdir(join(folder, "speech"));
  return { hub, home, folder, pull, left };
}

test("the package is fetched, proved and made into the file that the catalog names", async (context) => {
  const { hub, folder, pull, left } = await setUp(context);
  const { path, alreadyInstalled } = await pull();
  assert.equal(alreadyInstalled, false);
  assert.deepEqual(await readFile(path), speechFile());
  assert.deepEqual((await left()).sort(), [entry.file, `${entry.file}.json`]);
  assert.equal((await new SpeechModel(folder).find()).state, "installed");
  assert.equal((await pull()).alreadyInstalled, true);
  assert.equal(hub.requests.length, 1);
});

test("a transfer that breaks off is gone on with", async (context) => {
  const { hub, pull } = await setUp(context);
  hub.special.push(cutAfter(hub, 1000));
  await pull();
  assert.equal(hub.requests[1]?.range, "bytes=1000-");
});

test("another package, another model in it, or none, is refused, and nothing is left", async (context) => {
  const { hub, pull, left } = await setUp(context);
  const altered = Buffer.from(archive);
  altered[archive.length - 9] = (altered[archive.length - 9] as number) ^ 1;
  hub.files.set("/vad.tgz", altered);
  await assert.rejects(pull(), /not the published one: expected SHA-512/);
  assert.deepEqual(await left(), []);
  for (const [onnx, reason] of [
    [onnxOf(loudnessNetwork().set("decoder.rnn.bias_ih", new Float32Array(512).fill(1))), /expected SHA-256/],
    [Buffer.from("no model"), /holds no usable model/],
  ] as const) {
    const other = speechPackage(onnx);
    hub.files.set("/vad.tgz", other.archive);
    await assert.rejects(pull({ ...entry, package: other.entry.package }), reason);
    assert.deepEqual(await left(), []);
  }
  hub.files.set("/vad.tgz", archive);
  const elsewhere = { ...entry, package: { ...entry.package, member: "package/nothing" } };
  await assert.rejects(pull(elsewhere), /it has no package\/nothing/);
});

test("a folder is a source too", async (context) => {
  const { folder } = await setUp(context);
  const source = await temporaryFolder(context);
  await assert.rejects(pullSpeechModel({ folder, source }, entry), /has no such file/);
  await writeFile(join(source, "vad.tgz"), archive);
  await pullSpeechModel({ folder, source }, entry);
});

test("a ready file is imported whatever its name, beside the models, and removed again", async (context) => {
  const { home, folder } = await setUp(context);
  const store = new ModelStore({ home });
  const path = join(await temporaryFolder(context), "my vad!.bin");
  await writeFile(path, speechFile());
  const imported = await importModel(store, path);
  assert.deepEqual(imported, { id: "silero-vad", published: "different", alreadyInstalled: false });
  assert.equal((await importModel(store, path)).alreadyInstalled, true);
  assert.equal((await new SpeechModel(folder).find()).state, "installed");
  assert.equal((await store.scan()).broken.length, 0, "it is not taken for a model of speech to text");

  await writeFile(path, speechFile(loudnessNetwork().set("decoder.rnn.bias_ih", new Float32Array(512).fill(1))));
  await assert.rejects(importModel(store, path), /Another file of silero-vad is installed/);
  await removeModel(store, "silero-vad");
  await assert.rejects(removeModel(store, "silero-vad"), /not installed/);
  await writeFile(path, speechFile().subarray(0, 5000));
  await assert.rejects(importModel(store, path), ModelError);
});

test("a file that was changed since it was installed is not opened", async (context) => {
  const { folder, pull } = await setUp(context);
  const model = new SpeechModel(folder);
  assert.equal((await model.find()).state, "missing");
  const { path } = await pull();
  const bytes = await readFile(path);
  bytes[bytes.length - 1] = 0x55;
  await writeFile(path, bytes);
  const found = await model.find();
  assert.ok(found.state === "broken" && /as installed/.test(found.reason));
});

test("the catalog says where the weights come from, and what they must come to", () => {
  const { id, sha256, bytes, package: source } = speechEntry();
  assert.deepEqual([id, bytes, sha256.length, source.sha512.length], ["silero-vad", 885_098, 64, 128]);
  assert.match(source.source, /^https:/);
});
