import { join } from "node:path";
import type { InstalledModel } from "./catalog/model-store.js";
import { samplesToMs } from "./core/audio.js";
import { usableCores } from "./core/cores.js";
import { sottoError } from "./core/errors.js";
import { LANGUAGE_CODES, languageName } from "./core/languages.js";
import type { TranscribeRequest } from "./core/request.js";
import type { Transcript } from "./core/result.js";
import { decodeToSpool } from "./media/decode.js";
import { planWindows } from "./plan/windows.js";
import type { Scheduler } from "./schedule/scheduler.js";
import { Turns } from "./schedule/turns.js";
import { placeSegments, sumTimings } from "./stitch/segments.js";

/** Of a prompt only its last 224 tokens count; no language needs more characters than this for them. */
const PROMPT_MAX_CHARACTERS = 8000;

/** A recording on disk and where its decoded audio may lie; whoever made the folder removes it. */
export interface Recording {
  inputPath: string;
  folder: string;
}

export interface TranscriberParts {
  scheduler: Scheduler;
  ffmpegPath: string;
  /** Longest recording, in milliseconds. */
  maximumMs: number;
}

/**
 * The way of one recording through the house: decoded by ffmpeg, planned into windows, decoded by the engine, stitched.
 * The server and the command line both go through here; neither knows the stages.
 */
export class Transcriber {
  readonly #parts: TranscriberParts;
  /** Five hundred requests at once must not be five hundred ffmpegs. */
  readonly #decoders = new Turns(usableCores());

  constructor(parts: TranscriberParts) {
    this.#parts = parts;
  }

  /**
   * @param signal aborts ffmpeg and the engine's work; the promise settles only once both have stopped
   * @throws SottoError with a code of the error table; the signal's reason when it aborts
   */
  async transcribe(
    recording: Recording,
    request: TranscribeRequest,
    model: InstalledModel,
    signal: AbortSignal,
    onProgress?: (doneCount: number, windowCount: number) => void,
  ): Promise<Transcript> {
    refuseUnknownLanguage(request, model);
    const { scheduler, ffmpegPath, maximumMs } = this.#parts;
    const job = {
      inputPath: recording.inputPath,
      outputPath: join(recording.folder, "audio.s16le"),
      ffmpegPath,
      maximumMs,
      signal,
    };
    const spool = await this.#decoders.run(this.#decoders.ticket(), signal, () => decodeToSpool(job));
    const windows = await planWindows(spool);
    const params = {
      task: request.task,
      language: request.language,
      prompt: request.prompt?.slice(-PROMPT_MAX_CHARACTERS),
      temperature: request.temperature,
    };
    const results = await scheduler.decode({ model, spoolPath: spool.path, windows, params, onProgress }, signal);
    const first = results[0];
    return {
      task: request.task,
      language: first?.language ?? "en",
      languageProbability: first?.languageProbability ?? 1,
      durationMs: samplesToMs(spool.sampleCount),
      segments: results.flatMap((result, index) =>
        placeSegments(windows[index] as (typeof windows)[number], result.segments),
      ),
      model: model.id,
      provider: "local",
      timings: sumTimings(results),
      windowCount: windows.length,
    };
  }
}

/** whisper.cpp accepts a language that a model lacks and decodes nonsense from the wrong token. */
function refuseUnknownLanguage(request: TranscribeRequest, model: InstalledModel): void {
  const { language } = request;
  if (!language || LANGUAGE_CODES.indexOf(language) < model.languageCount) return;
  const expected = model.languageCount === 1 ? "English ('en')" : `a language that the model '${model.id}' knows`;
  throw sottoError(
    "invalid_value",
    { name: "language", expected, received: `'${languageName(language)}'` },
    { param: "language" },
  );
}
