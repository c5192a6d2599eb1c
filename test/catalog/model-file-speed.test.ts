import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { readModelFile } from "../../src/catalog/model-file.js";
import { buildModel } from "./build-model.js";
import { temporaryFolder } from "./temporary-folder.js";

test("a file as large as large-v3 is walked in less than a second of processor time", async (context) => {
  const sparse = join(await temporaryFolder(context), "ggml-large.bin");
  const bytes = await writeSparse(sparse, { state: 1280, heads: 20, audioLayers: 32, textLayers: 32 });
  await readModelFile(sparse);
  const before = process.cpuUsage();
  const facts = await readModelFile(sparse);
  const spent = process.cpuUsage(before);
  const tookMs = (spent.user + spent.system) / 1000;
  assert.equal(facts.bytes, bytes);
  assert.ok(bytes > 3e9);
  // Here it takes about 70 ms; another machine may be some times as slow.
  assert.ok(tookMs < 300 * 3, `${tookMs} ms`);
});

/** A model of full size whose weights are holes. */
async function writeSparse(
  sparsePath: string,
  wide: { state: number; heads: number; audioLayers: number; textLayers: number },
) {
  const narrow = buildModel({
    ...wide,
    state: 2,
    heads: 1,
    vocabSize: 51_866,
    melBins: 128,
    audioContext: 1500,
    textContext: 448,
    tokenCount: 50_257,
  });
  const handle = await open(sparsePath, "w");
  const header = Buffer.from(narrow.bytes.subarray(0, narrow.places.get("decoder.positional_embedding: n_dims")));
  for (const side of ["audio", "text"]) {
    header.writeInt32LE(wide.state, narrow.places.get(`n_${side}_state`));
    header.writeInt32LE(wide.heads, narrow.places.get(`n_${side}_head`));
  }
  await handle.write(header);
  let offset = header.length;
  for (const name of narrow.tensorNames) {
    const [start, end] = [narrow.places.get(`${name}: n_dims`), narrow.places.get(`${name}: weights`)];
    const head = Buffer.from(narrow.bytes.subarray(start, end));
    const elementBytes = head.readInt32LE(8) === 0 ? 4 : 2;
    let elements = 1;
    for (let dim = 0; dim < head.readInt32LE(0); dim++) {
      const scaled = scale(head.readInt32LE(12 + 4 * dim), wide.state);
      head.writeInt32LE(scaled, 12 + 4 * dim);
      elements *= scaled;
    }
    await handle.write(head, 0, head.length, offset);
    offset += head.length + elements * elementBytes;
  }
  await handle.truncate(offset);
  await handle.close();
  return offset;
}

/** Widths of the narrow model (2 and 4 times 2) become those of the wide one; other dimensions stay. */
function scale(dim: number, state: number): number {
  return dim === 2 ? state : dim === 8 ? 4 * state : dim;
}
