import { mkdir, stat, writeFile } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import { ModelStore } from "../catalog/model-store.js";
import { CommandError, readCommandLine, UsageError } from "../core/config.js";
import { SottoError } from "../core/errors.js";
import { parseLanguage } from "../core/languages.js";
import { defaultMemoryLimitBytes } from "../core/memory.js";
import { DEFAULT_REQUEST, type ResponseFormat, type TranscribeRequest } from "../core/request.js";
import { chooseBackend } from "../engine/backend.js";
import { chooseShare, tuningPlace } from "../engine/tuned-share.js";
import { SpoolFolder } from "../media/spool.js";
import { SpeechDetection } from "../plan/speech-detection.js";
import { RENDERERS } from "../render/renderers.js";
import { Scheduler } from "../schedule/scheduler.js";
import { Transcriber } from "../transcriber.js";
import { TranscriptionProgress } from "./transcription-progress.js";

const EXTENSIONS: Record<ResponseFormat, string> = {
  text: "txt",
  json: "json",
  verbose_json: "json",
  diarized_json: "json",
  srt: "srt",
  vtt: "vtt",
};

/** `sotto transcribe FILE…`: exit code 1 when any file failed, each with a one-line reason. */
export async function runTranscribe(args: string[]): Promise<number> {
  const { config, positionals: files } = readCommandLine("transcribe", args, process.env);
  if (files.length === 0) throw new UsageError("transcribe needs at least one FILE.");
  const language = config.language === "auto" ? undefined : parseLanguage(config.language);
  if (config.language !== "auto" && !language) {
    throw new UsageError(
      `Expected a language code, an English name or auto for --language, but received '${config.language}'.`,
    );
  }
  const request: TranscribeRequest = {
    ...DEFAULT_REQUEST,
    task: config.translate ? "translate" : "transcribe",
    language,
    responseFormat: config.format === "txt" ? "text" : config.format,
  };

  const store = new ModelStore({ home: config.home, configuredModel: config.model });
  const model = await store.find(undefined);
  const warn = (line: string) => process.stderr.write(`${line}\n`);
  const backend = await chooseBackend(config, warn);
  const speech = new SpeechDetection({ modelsFolder: store.folder, cpuModule: backend.cpuModule, warn });
  const asked = { workers: config.workers, threads: config.threads };
  const scheduler = new Scheduler({
    backend,
    cores: chooseShare(asked, backend, tuningPlace(config.home, model)),
    memoryLimitBytes: config.memoryLimit ?? defaultMemoryLimitBytes(),
    takenBytes: () => speech.residentBytes,
    keepAliveMs: Number.POSITIVE_INFINITY,
  });
  const spoolFolder = await SpoolFolder.create(config.home, config.spoolReserve);
  const transcriber = new Transcriber({
    scheduler,
    ffmpegPath: config.ffmpeg,
    maximumMs: config.maxDuration,
    spoolSpace: spoolFolder.space,
    detector: () => speech.detector(),
  });
  const interrupted = new AbortController();
  process.once("SIGINT", () => interrupted.abort(new Error("interrupted")));
  if (config.out) await mkdir(config.out, { recursive: true });

  let failures = 0;
  try {
    for (const file of files) {
      try {
        await demandFile(file);
        await using work = await spoolFolder.open();
        const recording = { inputPath: file, folder: work.path };
        using progress = new TranscriptionProgress(basename(file), process.stderr);
        const onProgress = (doneMs: number, totalMs: number | undefined) => progress.update(doneMs, totalMs);
        const transcript = await transcriber.transcribe(recording, request, model, interrupted.signal, { onProgress });
        progress.stop();
        const stamp = { id: `trn_${basename(file)}`, createdSec: Math.floor(Date.now() / 1000) };
        const { body } = RENDERERS[request.responseFormat](transcript, stamp);
        if (config.out) await writeFile(outputPath(config.out, file, request.responseFormat), body);
        else process.stdout.write(body.endsWith("\n") ? body : `${body}\n`);
      } catch (error) {
        failures++;
        process.stderr.write(`${file}: ${reasonOf(error)}\n`);
        if (interrupted.signal.aborted) break;
      }
    }
  } finally {
    await Promise.all([scheduler.close(), speech.close()]);
    await spoolFolder.close();
  }
  return failures > 0 ? 1 : 0;
}

async function demandFile(path: string): Promise<void> {
  const status = await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw new CommandError(error.code === "ENOENT" ? "there is no such file." : error.message);
  });
  if (!status.isFile()) throw new CommandError("this is no file.");
}

function outputPath(folder: string, file: string, format: ResponseFormat): string {
  return join(folder, `${basename(file, extname(file))}.${EXTENSIONS[format]}`);
}

function reasonOf(error: unknown): string {
  return error instanceof SottoError || error instanceof Error ? error.message : String(error);
}
