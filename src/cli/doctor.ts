import { ModelStore } from "../catalog/model-store.js";
import { SpeechModel } from "../catalog/speech-model.js";
import { readCommandLine, UsageError } from "../core/config.js";
import { defaultMemoryLimitBytes } from "../core/memory.js";
import { divideCores } from "../engine/parallelism.js";
import { SpeechDetection } from "../plan/speech-detection.js";
import { Scheduler } from "../schedule/scheduler.js";
import { checkComputing } from "./doctor/check-computing.js";
import { checkMainJob } from "./doctor/check-main-job.js";
import { checkModels } from "./doctor/check-models.js";
import { checkSpeech } from "./doctor/check-speech.js";
import { checkFfmpeg, checkHome, checkMemory, checkPort, checkThreads } from "./doctor/check-surroundings.js";
import { type Finding, renderFinding } from "./doctor/finding.js";

/** `sotto doctor`: says what works here, each finding as it is made; exit code 1 when the main job would fail. */
export async function runDoctor(args: string[]): Promise<number> {
  const { config, positionals } = readCommandLine("doctor", args, process.env);
  if (positionals.length > 0) throw new UsageError(`doctor takes no argument, but received '${positionals[0]}'.`);
  const asked = { workers: config.workers, threads: config.threads };
  const cores = divideCores(asked);
  const memoryLimitBytes = config.memoryLimit ?? defaultMemoryLimitBytes();
  let hasFailed = false;
  const tell = (finding: Finding) => {
    hasFailed ||= finding.state === "fail";
    process.stdout.write(`${renderFinding(finding)}\n`);
  };

  tell({ state: "ok", subject: "node", text: `${process.version}, ${process.platform}-${process.arch}` });
  tell(await checkFfmpeg(config.ffmpeg));
  tell(checkThreads(cores, asked));
  tell(checkMemory(config.memoryLimit));
  tell(await checkHome(config.home));
  tell(await checkPort(config.host, config.port));
  const store = new ModelStore({ home: config.home, configuredModel: config.model });
  const models = await checkModels(store, cores.workers, memoryLimitBytes);
  tell(models.finding);
  tell(await checkSpeech(new SpeechModel(store.folder)));
  const computing = await checkComputing(config);
  for (const finding of computing.findings) tell(finding);
  const backend = computing.report?.backend;
  if (!hasFailed && backend && models.model) {
    const warn = (text: string) => tell({ state: "note", subject: "speech", text });
    const speech = new SpeechDetection({ modelsFolder: store.folder, cpuModule: backend.cpuModule, warn });
    const scheduler = new Scheduler({ cores, backend, maxQueue: 1, memoryLimitBytes, keepAliveMs: 0 });
    const parts = { scheduler, speech, ffmpegPath: config.ffmpeg, home: config.home, model: models.model };
    tell(await checkMainJob(parts));
  }
  return hasFailed ? 1 : 0;
}
