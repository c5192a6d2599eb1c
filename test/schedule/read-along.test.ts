import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { ModelStore } from "../../src/catalog/model-store.js";
import { DEFAULT_REQUEST } from "../../src/core/request.js";
import { chooseBackend } from "../../src/engine/backend.js";
import { Scheduler } from "../../src/schedule/scheduler.js";
import { Transcriber } from "../../src/transcriber.js";
import { MODEL_PATH } from "../support/demonstration.js";
import { longRecording } from "../support/long-recording.js";

const folder = mkdtempSync(join(tmpdir(), "sotto-read-along-"));
after(() => rmSync(folder, { recursive: true, force: true }));

test("where somebody reads along the first window has the engine to itself, and the others then share it", async () => {
  const backend = await chooseBackend({ device: "cpu", cpuVariant: "auto", home: folder }, () => {});
  const memoryLimitBytes = 4 * 1024 ** 3;
  const scheduler = new Scheduler({
    cores: { workers: 3, threadsPerWorker: 1 },
    backend,
    memoryLimitBytes,
    keepAliveMs: 0,
  });
  try {
    const transcriber = new Transcriber({ scheduler, ffmpegPath: "ffmpeg", maximumMs: 3_600_000 });
    const model = await new ModelStore({ home: folder, configuredModel: MODEL_PATH }).find(undefined);
    const recording = { inputPath: longRecording(300), folder };
    const request = { ...DEFAULT_REQUEST, language: "en" } as const;
    const running: number[] = [];
    const onSegments = () => void running.push(scheduler.moment.windows.running);
    const never = new AbortController().signal;
    await transcriber.transcribe(recording, request, model, never, { onSegments });
    assert.equal(running[0], 0);
    assert.ok(Math.max(...running) > 0, `${running}`);
  } finally {
    await scheduler.close();
  }
});
