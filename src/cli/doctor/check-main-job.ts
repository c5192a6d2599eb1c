import { join } from "node:path";
import type { InstalledModel } from "../../catalog/model-store.js";
import { packageRoot } from "../../core/package-root.js";
import { DEFAULT_REQUEST } from "../../core/request.js";
import { SpoolFolder } from "../../media/spool.js";
import type { SpeechDetection } from "../../plan/speech-detection.js";
import type { Scheduler } from "../../schedule/scheduler.js";
import { Transcriber } from "../../transcriber.js";
import type { Finding } from "./finding.js";

const MAXIMUM_MS = 60_000;

/** The whole way of a recording, with the model that would serve. */
export async function checkMainJob(parts: {
  scheduler: Scheduler;
  speech: SpeechDetection;
  ffmpegPath: string;
  home: string;
  model: InstalledModel;
}): Promise<Finding> {
  const { scheduler, speech, ffmpegPath, home, model } = parts;
  const startedMs = performance.now();
  try {
    await using spoolFolder = await SpoolFolder.create(home);
    await using work = await spoolFolder.open();
    const transcriber = new Transcriber({
      scheduler,
      ffmpegPath,
      maximumMs: MAXIMUM_MS,
      detector: () => speech.detector(),
    });
    const recording = { inputPath: join(packageRoot(), "models", "demo-en.opus"), folder: work.path };
    const request = { ...DEFAULT_REQUEST, language: "en" } as const;
    const { segments } = await transcriber.transcribe(recording, request, model, new AbortController().signal);
    const heard = segments.map(({ text }) => text.trim()).join(" ");
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
    return { state: "ok", subject: "try", text: `models/demo-en.opus in ${seconds} s with ${model.id}: "${heard}"` };
  } catch (error) {
    return { state: "fail", subject: "try", text: `models/demo-en.opus failed: ${(error as Error).message}` };
  } finally {
    await Promise.all([scheduler.close(), speech.close()]);
  }
}
