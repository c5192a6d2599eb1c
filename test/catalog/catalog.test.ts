import assert from "node:assert/strict";
import { test } from "node:test";
import { catalog } from "../../src/catalog/catalog.js";
import { byteLength, WEIGHT_TYPES } from "../../src/catalog/ggml-types.js";
import { isModelId, modelFileName } from "../../src/catalog/model-id.js";
import { expectedTensors } from "../../src/catalog/model-tensors.js";

const PULLED = catalog().filter((entry) => !entry.bundled);

/** Length, state, heads, encoder and decoder layers, mel bins (openai/whisper, model card). */
const SHAPES: Record<string, [number, number, number, number, number]> = {
  tiny: [384, 6, 4, 4, 80],
  base: [512, 8, 6, 6, 80],
  small: [768, 12, 12, 12, 80],
  medium: [1024, 16, 24, 24, 80],
  "large-v1": [1280, 20, 32, 32, 80],
  "large-v2": [1280, 20, 32, 32, 80],
  "large-v3": [1280, 20, 32, 32, 128],
  "large-v3-turbo": [1280, 20, 32, 4, 128],
};

/** Bytes of the vocabulary in a file: a count, and per token its length and its bytes. */
const MULTILINGUAL_VOCABULARY_BYTES = 508_089;
const ENGLISH_VOCABULARY_BYTES = 521_859;

test("every entry has an id that may be one, once, and upstream's file name", () => {
  assert.equal(new Set(catalog().map(({ id }) => id)).size, catalog().length);
  for (const { id, file } of catalog()) {
    assert.ok(isModelId(id), id);
    assert.equal(file, modelFileName(id));
  }
});

test("what is to be pulled has a size and a checksum, or leaves them out", () => {
  assert.ok(PULLED.length >= 34);
  for (const { id, bytes, sha256, sha1 } of PULLED) {
    assert.ok(bytes === undefined || (Number.isInteger(bytes) && bytes > 1e6), id);
    assert.match(sha256 ?? "0".repeat(64), /^[0-9a-f]{64}$/, id);
    assert.match(sha1 ?? "0".repeat(40), /^[0-9a-f]{40}$/, id);
  }
  const checksums = PULLED.flatMap(({ sha256 }) => sha256 ?? []);
  assert.equal(new Set(checksums).size, checksums.length, "a checksum that stands twice");
});

test("the published sizes are those to which the file's layout adds up", () => {
  for (const { id, bytes, quantization, languages } of PULLED) {
    // A fine-tune with a token of its own in the vocabulary.
    if (id === "small.en-tdrz") continue;
    const family = id.replace(/\.en/, "").replace(/-q\d_\d$/, "");
    const [state, heads, audioLayers, textLayers, melBins] = SHAPES[family] as (typeof SHAPES)[string];
    const isEnglish = languages === "en";
    const vocabSize = isEnglish ? 51_864 : melBins === 128 ? 51_866 : 51_865;
    const weightType = [...WEIGHT_TYPES.values()].find(({ name }) => name === quantization);
    assert.ok(weightType, id);
    const tensors = expectedTensors({
      vocabSize,
      audioContext: 1500,
      textContext: 448,
      state,
      heads,
      audioLayers,
      textLayers,
      melBins,
      weightType,
    });
    assert.equal(tensors.size, 11 + 15 * audioLayers + 24 * textLayers);
    let total = 48 + 8 + melBins * 201 * 4 + (isEnglish ? ENGLISH_VOCABULARY_BYTES : MULTILINGUAL_VOCABULARY_BYTES);
    for (const [name, { dims, type }] of tensors) {
      const elementCount = dims.reduce((product, dim) => product * dim, 1);
      total += 12 + 4 * dims.length + name.length + byteLength(type, elementCount);
    }
    assert.equal(total, bytes, id);
  }
});

test("the demonstration model says that it is one and what it knows", () => {
  const bundled = catalog().filter((entry) => entry.bundled);
  assert.deepEqual(
    bundled.map(({ id, demonstration, knows }) => [id, demonstration, knows]),
    [["sotto-mini", true, "spoken English digits, and everyday sentences in English, Spanish, German and French"]],
  );
});
