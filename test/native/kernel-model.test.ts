import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { kernelMemory } from "../../src/catalog/kernel-memory.js";
import { readModelFile } from "../../src/catalog/model-file.js";
import { newControlWords } from "../../src/engine/control-words.js";
import { batchWindows } from "../../src/engine/engine-memory.js";
import { LoadedModel } from "../../src/engine/loaded-model.js";
import { relativeError } from "../../src/engine/probe-verdict.js";
import { decodeWindow } from "../../src/engine/window-decoder.js";
import { buildModel } from "../catalog/build-model.js";
import { decodeFile } from "../support/decode-file.js";
import { MODEL_PATH } from "../support/demonstration.js";
import { FIXTURES } from "../support/fixtures.js";
import { addonWithCpu } from "../support/native-addon.js";
import { wordsOf } from "../support/post.js";

const addon = addonWithCpu();
const names = addon.kernelNames();
const skip = names.length === 0;
const folder = mkdtempSync(join(tmpdir(), "sotto-kernels-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const control = newControlWords();
const params = { task: "transcribe", language: "en", prompt: undefined, temperature: 0 } as const;

/** Opens a model for kernels of our own. */
function open(path: string, { name = names[0] as string, windows = 1 } = {}): number {
  return addon.openModel(path, "", { kernels: name, threads: 2, windows });
}

test("facts and vocabulary are those that whisper.cpp reads", { skip }, () => {
  const [own, theirs] = [open(MODEL_PATH), addon.openModel(MODEL_PATH, "")];
  const { batchWindows: windows, ...facts } = addon.modelFacts(own);
  const { batchWindows: none, ...expected } = addon.modelFacts(theirs);
  assert.deepEqual([windows, none], [1, 0]);
  assert.deepEqual(facts, expected);
  const bytesOf = (modelId: number) => {
    const { bytes, offsets } = addon.vocabulary(modelId);
    return bytes.subarray(0, offsets[facts.endOfText]);
  };
  assert.ok(bytesOf(own).equals(bytesOf(theirs)));
});

for (const name of names) {
  test(`kernels for ${name} compute what plain loops and ggml do, and hear the same words`, () => {
    for (const { relativeError: error, weights, place, wide } of addon.probeKernels(name)) {
      // Operands are rounded there.
      assert.ok(error < (weights === "bf16" ? 0.02 : 0.001), `${weights} ${place} ${wide} ${error}`);
    }
    const own = open(MODEL_PATH, { name });
    const theirs = addon.openModel(MODEL_PATH, "");
    for (const clip of FIXTURES.filter(({ durationSec }) => durationSec < 12)) {
      const pcm = decodeFile(clip.path);
      const [mine, ggml] = [own, theirs].map((modelId) => {
        const session = addon.openSession(modelId, 1);
        const heard = decodeWindow(
          session,
          new LoadedModel(addon, modelId),
          pcm,
          { ...params, language: clip.language },
          control,
        );
        session.encode(0, control);
        const encoding = [...session.sampleEncoding(400)];
        session.close();
        return { words: wordsOf(heard.segments.map(({ text }) => text).join(" ")), encoding };
      }) as [{ words: string[]; encoding: number[] }, { words: string[]; encoding: number[] }];
      assert.deepEqual(mine.words, ggml.words);
      assert.ok(relativeError(mine.encoding, ggml.encoding) < 0.05);
    }
  });
}

test("kernels that the processor has not are refused", () => {
  for (const name of ["z80", "plain"]) {
    assert.throws(() => open(MODEL_PATH, { name }), { code: "invalid_argument" });
    assert.throws(() => addon.probeKernels(name), { code: "invalid_argument" });
  }
  if (skip) return;
  for (const windows of [0, -1, 257]) {
    assert.throws(() => open(MODEL_PATH, { windows }), { code: "invalid_argument" });
  }
});

test("a model that does not suit the kernels is computed by ggml, one window after another", { skip }, () => {
  const path = join(folder, "ggml-narrow.bin");
  writeFileSync(path, buildModel({ state: 128, heads: 1 }).bytes);
  const modelId = open(path, { windows: 2 });
  assert.equal(addon.modelFacts(modelId).batchWindows, 0);
  for (const session of [addon.openSession(modelId, 1), addon.openSession(modelId, 1)]) {
    decodeWindow(session, new LoadedModel(addon, modelId), new Int16Array(16_000), params, control);
    session.close();
  }
});

test("as many windows are decoded at once as their memory allows, and the server expects that many", {
  skip,
}, async () => {
  const path = join(folder, "ggml-deep.bin");
  writeFileSync(path, buildModel({ state: 64, heads: 1, textLayers: 48, audioContext: 1500, textContext: 448 }).bytes);
  const memory = kernelMemory(await readModelFile(path));
  assert.ok(memory);
  for (const windows of [1, 256]) {
    const modelId = open(path, { windows });
    assert.equal(addon.modelFacts(modelId).batchWindows, batchWindows(memory, windows));
    addon.closeModel(modelId);
  }
  assert.ok(batchWindows(memory, 256) < 256);
});
