import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { ModelFileError } from "../../src/catalog/model-file-error.js";
import { onnxTensors } from "../../src/catalog/onnx-tensors.js";
import { sileroFile } from "../../src/catalog/silero-file.js";
import { looksLikeSpeechFile, readSpeechFile } from "../../src/catalog/speech-file.js";
import { loudnessNetwork, onnxOf, speechFile } from "../support/build-silero.js";
import { Chance } from "../support/chance.js";
import { MODEL_PATH } from "../support/demonstration.js";
import { temporaryFolder } from "./temporary-folder.js";

const FILE = speechFile();

async function walk(context: TestContext, bytes: Buffer) {
  const path = join(await temporaryFolder(context), "vad.bin");
  await writeFile(path, bytes);
  return readSpeechFile(path);
}
const refused = (walking: Promise<unknown>) => assert.rejects(walking, ModelFileError);

test("a network in an ONNX model becomes a file that is found right, as long as upstream's", async (context) => {
  assert.deepEqual(await walk(context, FILE), { bytes: 885_098, version: "6.2.0" });
});

test("an ONNX model without one of the tensors, or with another shape, makes no file", () => {
  for (const name of loudnessNetwork().keys()) {
    const without = loudnessNetwork();
    without.delete(name);
    assert.throws(() => sileroFile(onnxOf(without), [6, 2, 0]), RangeError);
    assert.throws(() => sileroFile(onnxOf(loudnessNetwork().set(name, new Float32Array(7))), [6, 2, 0]), RangeError);
  }
});

test("what is no ONNX model is refused, wherever it was cut or changed", () => {
  const onnx = onnxOf(loudnessNetwork());
  const chance = new Chance(4);
  for (let round = 0; round < 300; round++) {
    const bytes = Buffer.from(onnx.subarray(0, round % 2 ? chance.below(onnx.length) : onnx.length));
    for (let flips = 0; flips < 3 && bytes.length > 0; flips++)
      bytes[chance.below(Math.min(bytes.length, 400))] = chance.below(256);
    try {
      onnxTensors(bytes);
    } catch (error) {
      assert.ok(error instanceof RangeError, String(error));
    }
  }
});

test("a file that was cut anywhere, or has more, is refused", async (context) => {
  for (let end = 0; end < FILE.length; end += end < 300 ? 7 : 40_009)
    await refused(walk(context, FILE.subarray(0, end)));
  await refused(walk(context, FILE.subarray(0, FILE.length - 1)));
  await refused(walk(context, Buffer.concat([FILE, Buffer.alloc(1)])));
});

test("a file whose header says anything else than the native graph is made for is refused", async (context) => {
  // Magic, length, type, version (which may be any), then sizes up to the first tensor's header and name.
  const version = { start: 18, end: 30 };
  for (let at = 0; at < 166; at++) {
    if (at >= version.start && at < version.end) continue;
    const bytes = Buffer.from(FILE);
    bytes[at] = (bytes[at] as number) ^ 0x41;
    await refused(walk(context, bytes));
  }
});

test("a model of speech to text is none that finds speech, and the other way round", async (context) => {
  await refused(readSpeechFile(MODEL_PATH));
  assert.equal(await looksLikeSpeechFile(MODEL_PATH), false);
  assert.equal(await looksLikeSpeechFile("/does/not/exist"), false);
  const path = join(await temporaryFolder(context), "vad.bin");
  await writeFile(path, FILE);
  assert.equal(await looksLikeSpeechFile(path), true);
});
