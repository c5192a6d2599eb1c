import { join } from "node:path";
import type { InstalledModel } from "./catalog/model-store.js";
import { samplesToMs, type Window } from "./core/audio.js";
import { usableCores } from "./core/cores.js";
import { sottoError } from "./core/errors.js";
import { LANGUAGE_CODES, type LanguageCode, languageName } from "./core/languages.js";
import type { TranscribeRequest } from "./core/request.js";
import type { Segment, Transcript } from "./core/result.js";
import type { WindowResult } from "./core/window.js";
import { decodeToSpool } from "./media/decode.js";
import { planWindows } from "./plan/windows.js";
import type { Scheduler } from "./schedule/scheduler.js";
import { Turns } from "./schedule/turns.js";
import { placeSegments, placeSuppressed, sumCounts, sumTimings } from "./stitch/segments.js";
import { refuseSpeakers } from "./stitch/speakers.js";
import { placeWords } from "./stitch/words.js";

/** Of a prompt only its last 224 tokens count; no language needs more characters than this for them. */
const PROMPT_MAX_CHARACTERS = 8000;

/** Called as the work goes on. */
export interface Listeners {
  onProgress?: ((doneCount: number, windowCount: number) => void) | undefined;
  /** The segments of each window, in order; no further window begins before it has settled. */
  onSegments?: ((segments: Segment[]) => void | Promise<void>) | undefined;
}

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
    { onProgress, onSegments }: Listeners = {},
  ): Promise<Transcript> {
    refuseUnknownLanguages(request, model);
    refuseSpeakers(request);
    const arrivedMs = performance.now();
    const { scheduler, ffmpegPath, maximumMs } = this.#parts;
    const job = {
      inputPath: recording.inputPath,
      outputPath: join(recording.folder, "audio.s16le"),
      ffmpegPath,
      maximumMs,
      audioTrack: request.audioTrack,
      channel: request.channel,
      containers: request.containers,
      signal,
    };
    let decoderWaitMs = 0;
    const spool = await this.#decoders.run(this.#decoders.ticket(), signal, () => {
      decoderWaitMs = performance.now() - arrivedMs;
      return decodeToSpool(job);
    });
    const windows = await planWindows(spool);
    const params = {
      task: request.task,
      language: request.language,
      languages: request.languages,
      prompt: request.prompt?.slice(-PROMPT_MAX_CHARACTERS),
      keywords: request.keywords,
      temperature: request.temperature,
      logprobs: request.include.includes("logprobs"),
      words: request.granularities.includes("word"),
    };
    const place = (index: number, result: WindowResult) => placeSegments(windows[index] as Window, result.segments);
    const onWindow = onSegments && ((index: number, result: WindowResult) => onSegments(place(index, result)));
    const work = { model, spoolPath: spool.path, windows, params, onProgress, onWindow };
    const { results, queueMs, backend, threads } = await scheduler.decode(work, signal);
    const first = results[0];
    const language = first?.language ?? "en";
    const segments = results.flatMap((result, index) => place(index, result));
    // A translation's words are English, whatever was spoken.
    const textLanguage = request.task === "translate" ? "en" : language;
    return {
      task: request.task,
      language,
      languageProbability: first?.languageProbability ?? 1,
      durationMs: samplesToMs(spool.sampleCount),
      segments,
      ...(request.granularities.includes("word") ? { words: placeWords(segments, textLanguage) } : {}),
      suppressed: results.flatMap((result, index) => placeSuppressed(windows[index] as Window, result.suppressed)),
      model: model.id,
      provider: "local",
      tokenCounts: sumCounts(results),
      timings: sumTimings(results),
      work: {
        queueMs: decoderWaitMs + queueMs,
        elapsedMs: performance.now() - arrivedMs,
        backend,
        threads,
        fallbacks: results.reduce((sum, { fallbacks }) => sum + fallbacks, 0),
      },
      windowCount: windows.length,
    };
  }
}

/** whisper.cpp accepts a language that a model lacks and decodes nonsense from the wrong token. */
function refuseUnknownLanguages(request: TranscribeRequest, model: InstalledModel): void {
  const isUnknown = (language: LanguageCode) => LANGUAGE_CODES.indexOf(language) >= model.languageCount;
  const refuse = (name: string, language: LanguageCode) => {
    const expected = model.languageCount === 1 ? "English ('en')" : `a language that the model '${model.id}' knows`;
    throw sottoError("invalid_value", { name, expected, received: `'${languageName(language)}'` }, { param: name });
  };
  if (request.language && isUnknown(request.language)) refuse("language", request.language);
  // Of several that may be heard, one that the model knows is enough.
  const [candidate] = request.languages;
  if (candidate && request.languages.every(isUnknown)) refuse("languages", candidate);
}
