import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { installPart } from "../../src/catalog/install-part.js";
import { readModelFile } from "../../src/catalog/model-file.js";
import { buildModel } from "./build-model.js";
import { temporaryFolder } from "./temporary-folder.js";

const MODEL = buildModel().bytes;

for (const algorithm of ["sha256", "sha1"] as const) {
  test(`a part with the published ${algorithm} takes its place, one without is deleted`, async (context) => {
    const folder = await temporaryFolder(context);
    const [partPath, path] = [join(folder, "m.bin.part"), join(folder, "m.bin")];
    const hex = createHash(algorithm).update(MODEL).digest("hex");
    await writeFile(partPath, MODEL);
    let hashedBytes = 0;
    const onHashed = (byteCount: number) => {
      hashedBytes += byteCount;
    };
    const facts = await installPart({ partPath, path, checksum: { algorithm, hex }, onHashed, walk: readModelFile });
    assert.equal(facts.bytes, MODEL.length);
    assert.equal(hashedBytes, MODEL.length);
    assert.deepEqual(await readFile(path), MODEL);

    // The change is in a weight, which no walk sees.
    const altered = Buffer.from(MODEL);
    altered[MODEL.length - 1] = 1;
    await writeFile(partPath, altered);
    await assert.rejects(
      installPart({ partPath, path, checksum: { algorithm, hex }, walk: readModelFile }),
      new RegExp(`expected .* ${hex}`),
    );
    assert.deepEqual(await readdir(folder), ["m.bin", "m.bin.json"]);
    assert.deepEqual(await readFile(path), MODEL);
  });
}
