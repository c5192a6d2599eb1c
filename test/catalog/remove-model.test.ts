import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { ModelStore } from "../../src/catalog/model-store.js";
import { removeModel } from "../../src/catalog/remove-model.js";
import { buildModel } from "./build-model.js";
import { temporaryFolder } from "./temporary-folder.js";

test("what comes with Sotto stays, what the user put over it goes", async (context) => {
  const root = await temporaryFolder(context);
  const [bundledFolder, userFolder] = [join(root, "bundled"), join(root, "home", "models")];
  await mkdir(bundledFolder);
  await mkdir(userFolder, { recursive: true });
  const [bundled, own] = [bundledFolder, userFolder].map((folder) => join(folder, "ggml-sotto-mini.bin")) as [
    string,
    string,
  ];
  const { bytes } = buildModel();
  await writeFile(bundled, bytes);
  await writeFile(own, bytes);
  const store = new ModelStore({ home: join(root, "home"), bundledFolder });
  await removeModel(store, "sotto-mini");
  assert.deepEqual([existsSync(bundled), existsSync(own)], [true, false]);
  await assert.rejects(removeModel(store, "sotto-mini"), /comes with Sotto and stays/);
  assert.ok(existsSync(bundled));
});

test("a home that is the package itself loses nothing that came with it", async (context) => {
  const home = await temporaryFolder(context);
  const bundledFolder = join(home, "models");
  await mkdir(bundledFolder);
  await writeFile(join(bundledFolder, "ggml-sotto-mini.bin"), buildModel().bytes);
  await assert.rejects(
    removeModel(new ModelStore({ home, bundledFolder }), "sotto-mini"),
    /comes with Sotto and stays/,
  );
});
