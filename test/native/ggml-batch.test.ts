import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { Piscina } from "piscina";
import type { WindowResult } from "../../src/core/window.js";
import { newControlWords } from "../../src/engine/control-words.js";
import type { OpenedModel, OpenTask, WorkerSetup, WorkerTask } from "../../src/engine/worker.js";
import { decodeFile } from "../support/decode-file.js";
import { MODEL_PATH } from "../support/demonstration.js";
import { FIXTURES } from "../support/fixtures.js";
import { addonWithCpu } from "../support/native-addon.js";
import { wordsOf } from "../support/post.js";

// What a GPU's windows go through, on the CPU.
addonWithCpu();
const WINDOWS = 4;
const folder = mkdtempSync(join(tmpdir(), "sotto-ggml-batch-"));
const pool = new Piscina({
  filename: new URL("../../src/engine/worker.js", import.meta.url).href,
  minThreads: WINDOWS,
  maxThreads: WINDOWS,
  resourceLimits: { stackSizeMb: 16 },
  workerData: { threads: 2, shortWindows: false } satisfies WorkerSetup,
});
after(async () => {
  await pool.destroy();
  rmSync(folder, { recursive: true, force: true });
});

test("windows that ggml decodes together are each heard as what was said in it, in whatever language and at whatever temperature", async () => {
  const batch = { kernels: "", threads: 2, windows: WINDOWS };
  const open: OpenTask = { modelPath: MODEL_PATH, device: "", batch };
  const { modelId, takesTurns }: OpenedModel = await pool.run(open, { name: "open" });
  assert.equal(takesTurns, false);
  const clips = FIXTURES.filter(({ durationSec }) => durationSec < 30);
  assert.ok(clips.length > 2 * WINDOWS);
  await Promise.all(
    clips.map(async (clip, jobId) => {
      const path = join(folder, `${jobId}.s16le`);
      const pcm = decodeFile(clip.path);
      writeFileSync(path, pcm);
      const job: WorkerTask["job"] = {
        jobId,
        place: { path },
        window: { stretches: [{ firstSample: 0, sampleCount: pcm.length }], speech: [] },
        task: "transcribe",
        // Some find their language, and some have several candidates.
        language: jobId % 3 === 0 ? undefined : clip.language,
        prompt: jobId % 4 === 1 ? "Zero, nine; four." : undefined,
        temperature: jobId % 5 === 2 ? 0.2 : 0,
        words: jobId % 2 === 0,
      };
      const result: WindowResult = await pool.run({ modelId, job, control: newControlWords() }, { name: "decode" });
      assert.equal(result.language, clip.language, clip.file);
      assert.deepEqual(wordsOf(result.segments.map(({ text }) => text).join(" ")), wordsOf(clip.text), clip.file);
      if (job.words)
        assert.ok(
          result.segments.every(({ words }) => words && words.length > 0),
          clip.file,
        );
    }),
  );
});
