import assert from "node:assert/strict";
import { mkdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { ModelStore } from "../../src/catalog/model-store.js";
import { SottoError } from "../../src/core/errors.js";
import { buildModel, type ModelDimensions } from "./build-model.js";
import { temporaryFolder } from "./temporary-folder.js";

async function setUp(context: TestContext, configuredModel?: string) {
  const root = await temporaryFolder(context);
  const [home, bundledFolder] = [join(root, "home"), join(root, "bundled")];
  await mkdir(join(home, "models"), { recursive: true });
  await mkdir(bundledFolder);
  const write = (folder: string, name: string, dimensions: Partial<ModelDimensions> = {}) =>
    writeFile(join(folder, name), buildModel(dimensions).bytes);
  await write(bundledFolder, "ggml-sotto-mini.bin", { vocabSize: 51_865 });
  const install = (name: string, dimensions?: Partial<ModelDimensions>) =>
    write(join(home, "models"), name, dimensions);
  return { root, home, bundledFolder, install, store: new ModelStore({ home, bundledFolder, configuredModel }) };
}

async function notFound(finding: Promise<unknown>, message: RegExp) {
  await assert.rejects(finding, (error: unknown) => {
    assert.ok(error instanceof SottoError, String(error));
    assert.equal(error.code, "model_not_found");
    assert.match(error.message, message);
    assert.doesNotMatch(error.message, /sotto-test-/, "a path in the message");
    return true;
  });
}

test("installed models are listed with their facts, smallest first", async (context) => {
  const { home, install, store } = await setUp(context);
  await install("ggml-tiny.en.bin", { textContext: 100 });
  await install("mine.bin", { vocabSize: 51_866, state: 32, fileType: 2007 });
  await writeFile(join(home, "models", "notes.txt"), "no model");
  await writeFile(join(home, "models", "ggml-half.bin.part"), "no model yet");
  await utimes(join(home, "models", "mine.bin"), 1000, 1234.5);
  const models = await store.list();
  assert.deepEqual(
    models.map(({ id, quantization, languages, languageCount, demonstration }) => [
      id,
      quantization,
      languages.length,
      languageCount,
      demonstration,
    ]),
    [
      [
        "sotto-mini",
        "f16",
        4,
        99,
        "spoken English digits, and everyday sentences in English, Spanish, German and French",
      ],
      ["tiny.en", "f16", 1, 1, undefined],
      ["mine", "q8_0", 100, 100, undefined],
    ],
  );
  assert.equal(models[2]?.createdSec, 1234);
  assert.equal(models[2]?.path, join(home, "models", "mine.bin"));
});

test("a damaged file is no model, and whoever names it hears why", async (context) => {
  const { home, store } = await setUp(context);
  await writeFile(join(home, "models", "ggml-base.bin"), "<html>");
  const { models, broken } = await store.scan();
  assert.deepEqual([models.map(({ id }) => id), broken.map(({ id }) => id)], [["sotto-mini"], ["base"]]);
  await notFound(store.find("base"), /Its file is there, but: Not a usable model file \(magic: expected 0x67676d6c/);
});

test("a file that changes is walked anew", async (context) => {
  const { install, home, store } = await setUp(context);
  await install("ggml-base.bin");
  assert.equal((await store.find("base")).id, "base");
  await writeFile(join(home, "models", "ggml-base.bin"), "gone bad");
  await notFound(store.find("base"), /not installed/);
});

test("a name means an installed id first, then an alias of the default model", async (context) => {
  const { install, store } = await setUp(context);
  await install("ggml-base.bin", { state: 8 });
  assert.equal((await store.find("base")).id, "base");
  assert.equal((await store.find("sotto-mini")).id, "sotto-mini");
  for (const name of [
    undefined,
    "",
    "whisper-1",
    "whisper-large-v3",
    "openai/whisper-large-v3",
    "whisper-large-v3-turbo",
    "gpt-4o-transcribe",
    "gpt-4o-mini-transcribe",
    "gpt-transcribe",
  ]) {
    assert.equal((await store.find(name)).id, "base", name);
  }
  await install("ggml-whisper-1.bin");
  assert.equal((await store.find("whisper-1")).id, "whisper-1");
});

test("who names a model that is not there hears what is, and how to get it", async (context) => {
  const { store } = await setUp(context);
  await notFound(
    store.find("large-v3"),
    /^The model 'large-v3' is not installed\. Installed: sotto-mini\. Install it: npx sotto models pull large-v3$/,
  );
  await notFound(store.find("nova-3"), /See what can be installed: npx sotto models list$/);
  await notFound(store.find("x".repeat(100_000)), /^.{50,400}$/);
});

test("a client's name is never a path", async (context) => {
  const { home, install, store } = await setUp(context);
  await install("ggml-base.bin");
  for (const name of ["../models/ggml-base.bin", "models/ggml-base.bin", "ggml-base.bin", "base\0", "."]) {
    await notFound(store.find(name), /not installed/);
  }
  const absolute = join(home, "models", "ggml-base.bin");
  await assert.rejects(store.find(absolute), { code: "model_not_found" });
});

test("the default is the largest real model, of equals the one with the better quantization", async (context) => {
  const { install, store } = await setUp(context);
  assert.equal((await store.defaultModel()).id, "sotto-mini");
  await install("ggml-small.bin", { state: 32 });
  await install("ggml-tiny.bin");
  assert.equal((await store.defaultModel()).id, "small");
  await install("ggml-small-q8_0.bin", { state: 32, fileType: 2007 });
  assert.equal((await store.defaultModel()).id, "small-q8_0");
  await install("ggml-medium.bin", { state: 64 });
  assert.equal((await store.defaultModel()).id, "medium");
});

test("of large-v1 and large-v2, which are equal in size, the later is the default", async (context) => {
  const { install, store } = await setUp(context);
  await install("ggml-large-v1-q8_0.bin", { state: 32, fileType: 2007 });
  await install("ggml-large-v2.bin", { state: 32 });
  assert.equal((await store.defaultModel()).id, "large-v2");
});

test("a configured id is the default, and a missing one is told", async (context) => {
  const { install, store } = await setUp(context, "tiny");
  await notFound(store.find(undefined), /^The model 'tiny' is not installed\..*models pull tiny$/);
  await install("ggml-tiny.bin");
  await install("ggml-base.bin", { state: 8 });
  assert.equal((await store.find(undefined)).id, "tiny");
  assert.equal((await store.find("whisper-1")).id, "tiny");
});

test("the operator may name a file, which then goes by its name", async (context) => {
  const root = await temporaryFolder(context);
  const path = join(root, "ggml-own-q8_0.bin");
  const { store } = await setUp(context, path);
  await notFound(store.find(undefined), /^The model 'own-q8_0' is not installed|There is no such file/);
  await writeFile(path, buildModel().bytes);
  assert.equal((await store.find(undefined)).path, path);
  assert.equal((await store.find("own-q8_0")).path, path);
  assert.deepEqual((await store.list()).map(({ id }) => id).sort(), ["own-q8_0", "sotto-mini"]);
  await writeFile(path, "cut");
  await notFound(store.find(undefined), /Its file is there, but: Not a usable/);
});

test("where nothing is installed, the pull command is the message", async (context) => {
  const home = await temporaryFolder(context);
  const store = new ModelStore({ home, bundledFolder: join(home, "none") });
  assert.deepEqual(await store.list(), []);
  await notFound(store.find(undefined), /Installed: none\. Install it: npx sotto models pull base-q8_0$/);
});
