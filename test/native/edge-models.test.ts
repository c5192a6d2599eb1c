import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { readModelFile } from "../../src/catalog/model-file.js";
import type { NativeDecodeOptions, NativeSession } from "../../src/engine/addon.js";
import { newControlWords } from "../../src/engine/control-words.js";
import { LoadedModel } from "../../src/engine/loaded-model.js";
import { decodeWindow } from "../../src/engine/window-decoder.js";
import { buildModel, type ModelDimensions, type ModelImage } from "../catalog/build-model.js";
import { addonWithCpu } from "../support/native-addon.js";

const addon = addonWithCpu();
const folder = mkdtempSync(join(tmpdir(), "sotto-edge-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const control = newControlWords();
const second = Int16Array.from({ length: 16_000 }, (_, at) => Math.round(8000 * Math.sin(at / 20)));
const params = { task: "transcribe", language: undefined, prompt: "one two", temperature: 0 } as const;

/** Writes a model, has it walked, and opens it with a session. */
async function open(bytes: Buffer): Promise<{ model: LoadedModel; session: NativeSession }> {
  const path = join(folder, "ggml-edge.bin");
  writeFileSync(path, bytes);
  await readModelFile(path);
  const modelId = addon.openModel(path, "");
  const session = addon.openSession(modelId, 1);
  // The session keeps the model.
  const model = new LoadedModel(addon, modelId);
  addon.closeModel(modelId);
  return { model, session };
}

/** Dimensions at the ends of what the walk lets through: whatever it accepts, the engine must survive. */
const EDGES: Partial<ModelDimensions>[] = [
  { audioContext: 1 },
  { audioContext: 1500 },
  { textContext: 64 },
  { textContext: 448 },
  { state: 1, heads: 1 },
  { state: 3, heads: 3 },
  { state: 128, heads: 128 },
  { state: 129, heads: 1 },
  { audioLayers: 64 },
  { textLayers: 48 },
  { audioLayers: 1, textLayers: 1 },
  { vocabSize: 51_865 },
  { vocabSize: 51_866, melBins: 128 },
  { tokenCount: 51_864 },
  { state: 32, fileType: 2007 },
];
for (const dimensions of EDGES) {
  test(`a model at the edge of what is accepted loads and decodes: ${JSON.stringify(dimensions)}`, async () => {
    const { model, session } = await open(buildModel(dimensions).bytes);
    const { segments } = decodeWindow(session, model, second, params, control);
    for (const { startMs, endMs } of segments) assert.ok(startMs >= 0 && startMs < endMs && endMs <= 1000);
    session.close();
  });
}

test("a model of exactly two decoder layers is decoded without timestamps, as whisper.cpp does with distilled ones", async () => {
  for (const [textLayers, vocabSize, hasTimestamps] of [
    [2, 51_864, false],
    [2, 51_865, false],
    // Of large-v3's vocabulary are only distil-large-v3 and later, which know timestamps.
    [2, 51_866, true],
    [3, 51_864, true],
  ] as const) {
    const { model, session } = await open(buildModel({ textLayers, vocabSize }).bytes);
    assert.equal(model.hasTimestamps, hasTimestamps, `${textLayers} layers, ${vocabSize} tokens`);
    const prompt = model.promptTokens("transcribe", "en", undefined);
    assert.equal(prompt.includes(model.facts.noTimestamps), !hasTimestamps);
    const { segments } = decodeWindow(session, model, second, params, control);
    const tokens = segments.flatMap((segment) => segment.tokens);
    if (!hasTimestamps) assert.ok(tokens.every((token) => token < model.facts.timestampBegin));
    session.close();
  }
});

/** Overwrites all weights of one tensor with 32-bit values. */
function withWeights({ bytes, places, tensorNames }: ModelImage, name: string, value: number): Buffer {
  const changed = Buffer.from(bytes);
  const next = tensorNames[tensorNames.indexOf(name) + 1];
  const end = next === undefined ? bytes.length : (places.get(`${next}: n_dims`) as number);
  for (let at = places.get(`${name}: weights`) as number; at < end; at += 4) changed.writeFloatLE(value, at);
  return changed;
}

for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
  test(`weights that are ${value} are said to be damaged, and nothing is made up`, async () => {
    const { session, model } = await open(withWeights(buildModel({ textLayers: 2 }), "decoder.ln.bias", value));
    assert.throws(
      () => decodeWindow(session, model, second, params, control),
      (error: unknown) => {
        const { code, message } = error as { code?: string; message: string };
        return code === "compute_failed" && /weights are damaged/.test(message);
      },
    );
    const options: NativeDecodeOptions = {
      temperature: 0,
      candidates: 1,
      seed: 0,
      maxTokens: 16,
      timestamps: false,
      maxInitialTimestamp: 50,
    };
    for (const temperature of [0, 1]) {
      const prompt = model.promptTokens("transcribe", "en", undefined);
      const { ids, ended } = session.decode(prompt, { ...options, temperature }, control);
      assert.deepEqual([ids.length, ended], [0, true]);
    }
    session.close();
  });
}
