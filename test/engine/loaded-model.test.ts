import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { LoadedModel } from "../../src/engine/loaded-model.js";
import { buildModel, type ModelDimensions } from "../catalog/build-model.js";
import { temporaryFolder } from "../catalog/temporary-folder.js";
import { addonWithCpu } from "../support/native-addon.js";

const addon = addonWithCpu();
const go = new Int32Array(new SharedArrayBuffer(4));

async function load(context: TestContext, dimensions: Partial<ModelDimensions>): Promise<LoadedModel> {
  const path = join(await temporaryFolder(context), "ggml-x.bin");
  await writeFile(path, buildModel(dimensions).bytes);
  const modelId = addon.openModel(path, "");
  context.after(() => addon.closeModel(modelId));
  return new LoadedModel(addon, modelId);
}

test("a first-generation distil model (two decoder layers) is not asked for timestamps, others are", async (context) => {
  const distil = await load(context, { vocabSize: 51_865, textLayers: 2 });
  assert.equal(distil.hasTimestamps, false);
  assert.equal(distil.promptTokens("transcribe", "de", undefined).at(-1), distil.facts.noTimestamps);
  // distil-large-v3 was trained with timestamps.
  for (const dimensions of [
    { vocabSize: 51_866, textLayers: 2 },
    { vocabSize: 51_865, textLayers: 3 },
  ]) {
    const model = await load(context, dimensions);
    assert.equal(model.hasTimestamps, true);
    assert.equal(model.promptTokens("transcribe", "de", undefined).at(-1), model.facts.transcribe);
  }
});

test("a model of English only has no language and no task tokens, and knows one language", async (context) => {
  const model = await load(context, { vocabSize: 51_864 });
  assert.deepEqual(model.languages, ["en"]);
  assert.deepEqual([...model.promptTokens("transcribe", "en", undefined)], [model.facts.startOfTranscript]);
});

test("the hundredth language is large-v3's alone", async (context) => {
  assert.ok(!(await load(context, { vocabSize: 51_865 })).languages.includes("yue"));
  assert.ok((await load(context, { vocabSize: 51_866 })).languages.includes("yue"));
});

function refusesPositions(call: () => unknown): void {
  assert.throws(call, (error: unknown) => (error as { code?: string }).code === "invalid_argument");
}

/** Shapes at the edges of what the walk lets through. */
const EDGES: Partial<ModelDimensions>[] = [
  { state: 1, heads: 1, audioLayers: 1, textLayers: 1, audioContext: 1 },
  { state: 7, heads: 7, textContext: 65, audioContext: 2 },
  { state: 64, heads: 1, fileType: 2007, melBins: 128, textContext: 448, audioContext: 1500 },
];
for (const dimensions of EDGES) {
  test(`a model that the walk accepts is loaded and heard: ${JSON.stringify(dimensions)}`, async (context) => {
    const model = await load(context, dimensions);
    const session = addon.openSession(model.id, 1);
    session.setAudio(new Int16Array(16_000).fill(1000), go);
    session.encode(0, go);
    session.detect(go);
    const prompt = model.promptTokens("transcribe", "en", "one two three ".repeat(300));
    const options = { temperature: 1, candidates: 2, seed: 1, timestamps: true, maxInitialTimestamp: 50 };
    const maxTokens = model.maxTokens(prompt.length);
    const { ids } = session.decode(prompt, { ...options, maxTokens }, go);
    assert.ok(ids.length <= maxTokens && ids.every((id) => id < model.facts.vocabSize));
    const { audioContext, textContext } = model.facts;
    const tokens = Int32Array.of(...prompt, ...ids).slice(0, textContext);
    assert.ok(session.align(tokens, 0, audioContext, go).every(Number.isFinite));
    refusesPositions(() => session.align(tokens, 0, audioContext + 1, go));
    session.close();
  });
}
