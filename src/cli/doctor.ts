import { ModelStore } from "../catalog/model-store.js";
import { SpeechModel } from "../catalog/speech-model.js";
import { readCommandLine, UsageError } from "../core/config.js";
import { defaultMemoryLimitBytes } from "../core/memory.js";
import { divideCores } from "../engine/parallelism.js";
import { chooseShare, tuningPlace } from "../engine/tuned-share.js";
import { SpeechDetection } from "../plan/speech-detection.js";
import { Scheduler } from "../schedule/scheduler.js";
import { checkAirGap, checkKeys, checkTls } from "./doctor/check-access.js";
import { checkComputing } from "./doctor/check-computing.js";
import { checkMainJob } from "./doctor/check-main-job.js";
import { checkModels } from "./doctor/check-models.js";
import { checkProviders } from "./doctor/check-providers.js";
import { checkSpeech } from "./doctor/check-speech.js";
import { checkFfmpeg, checkHome, checkMemory, checkPort, checkThreads } from "./doctor/check-surroundings.js";
import { type Finding, renderFinding } from "./doctor/finding.js";

const SHORT_WINDOWS: Finding = {
  state: "note",
  subject: "windows",
  text: "encoded only as far as their sound goes (--short-windows)",
  remedy: "where a model repeats itself or invents words, leave the option out: it was not trained for that",
};

/** `sotto doctor`: says what works here, each finding as it is made; exit code 1 when the main job would fail. */
export async function runDoctor(args: string[]): Promise<number> {
  const { config, positionals } = readCommandLine("doctor", args, process.env);
  if (positionals.length > 0) throw new UsageError(`doctor takes no argument, but received '${positionals[0]}'.`);
  const asked = { workers: config.workers, threads: config.threads };
  const memoryLimitBytes = config.memoryLimit ?? defaultMemoryLimitBytes();
  let hasFailed = false;
  const tell = (finding: Finding) => {
    hasFailed ||= finding.state === "fail";
    process.stdout.write(`${renderFinding(finding)}\n`);
  };

  tell({ state: "ok", subject: "node", text: `${process.version}, ${process.platform}-${process.arch}` });
  tell(await checkFfmpeg(config.ffmpeg));
  const computing = await checkComputing(config);
  const found = computing.report?.backend;
  const backend = found && { ...found, shortWindows: config.shortWindows };
  const store = new ModelStore({ home: config.home, configuredModel: config.model });
  const model = await store.find(undefined).catch(() => undefined); // why there is none is told below
  const tuning = model && tuningPlace(config.home, model);
  const cores = backend && tuning ? chooseShare(asked, backend, tuning) : divideCores(asked, backend ?? {});
  tell(checkThreads(cores, asked, backend));
  if (config.shortWindows) tell(SHORT_WINDOWS);
  tell(checkMemory(config.memoryLimit));
  tell(await checkHome(config.home, config.spoolReserve));
  tell(await checkPort(config.host, config.port));
  tell(await checkKeys(config));
  const gap = checkAirGap(config);
  if (gap) tell(gap);
  const tls = checkTls(config);
  if (tls) tell(tls);
  for (const finding of await checkProviders(config, process.env)) tell(finding);
  const models = await checkModels(store, cores.workers, backend, memoryLimitBytes);
  tell(models.finding);
  tell(await checkSpeech(new SpeechModel(store.folder)));
  for (const finding of computing.findings) tell(finding);
  if (!hasFailed && backend && models.model) {
    const warn = (text: string) => tell({ state: "note", subject: "speech", text });
    const speech = new SpeechDetection({ modelsFolder: store.folder, cpuModule: backend.cpuModule, warn });
    const scheduler = new Scheduler({ cores, backend, memoryLimitBytes, keepAliveMs: 0 });
    const parts = { scheduler, speech, ffmpegPath: config.ffmpeg, home: config.home, model: models.model };
    tell(await checkMainJob(parts));
  }
  return hasFailed ? 1 : 0;
}
