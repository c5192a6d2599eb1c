import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { test } from "node:test";
import { gpuModules } from "../../src/engine/modules.js";
import { type Fixture, fixtureOf } from "../support/fixtures.js";
import { wordsOf } from "../support/post.js";
import { runSotto, temporaryHome } from "../support/sotto.js";

const isBuilt = gpuModules().some(({ name }) => name === "vulkan");
const skip = !isBuilt && "its module is not built: npm run test:vulkan";
/** Shows the backend devices that it would pass over, such as Mesa's software device. */
const anyDevice = { GGML_VK_VISIBLE_DEVICES: "0" };

/** @param environment decides which devices there are */
async function transcribe(clip: Fixture, environment: Record<string, string>, ...options: string[]) {
  const home = temporaryHome();
  try {
    return await runSotto(["transcribe", clip.path, "--device", "vulkan", "--home", home, ...options], environment);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

test("what Vulkan transcribes is what the CPU transcribes", { skip }, async () => {
  const clip = fixtureOf(1, 8);
  const { code, stdout, stderr } = await transcribe(clip, anyDevice);
  assert.equal(code, 0, stderr);
  assert.doesNotMatch(stderr, /the CPU is used/);
  assert.deepEqual(wordsOf(stdout), wordsOf(clip.text));
});

test("windows of a long recording are decoded together", { skip }, async () => {
  const clip = fixtureOf(60, 80);
  const { code, stdout, stderr } = await transcribe(clip, anyDevice, "--format", "verbose_json");
  assert.equal(code, 0, stderr);
  assert.deepEqual(wordsOf((JSON.parse(stdout) as { text: string }).text), wordsOf(clip.text));
});

test("without a device the CPU is used, with one warning", { skip }, async () => {
  const clip = fixtureOf(1, 8);
  const { code, stdout, stderr } = await transcribe(clip, { GGML_VK_VISIBLE_DEVICES: "", VK_ICD_FILENAMES: "/none" });
  assert.equal(code, 0, stderr);
  assert.equal(stderr.match(/the CPU is used, since --device vulkan cannot be/g)?.length, 1, stderr);
  assert.deepEqual(wordsOf(stdout), wordsOf(clip.text));
});
