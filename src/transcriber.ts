import { dirname, join, resolve } from "node:path";
import type { InstalledModel } from "./catalog/model-store.js";
import { type Spool, samplesToMs, type Window } from "./core/audio.js";
import { usableCores } from "./core/cores.js";
import { sottoError } from "./core/errors.js";
import { LANGUAGE_CODES, type LanguageCode, languageName } from "./core/languages.js";
import { LinkedAbort } from "./core/linked-abort.js";
import type { TranscribeRequest } from "./core/request.js";
import type { Segment, Suppression, Transcript } from "./core/result.js";
import type { DecodeParams } from "./core/window.js";
import { type DecodeJob, decodeToSpool } from "./media/decode.js";
import { DecoderLanes } from "./media/decoder-lanes.js";
import { DecodingSpool } from "./media/growing-spool.js";
import { canMakeWay } from "./media/making-way.js";
import type { SpoolSpace } from "./media/spool-space.js";
import { currentSpan, type Span, spanned } from "./observe/trace.js";
import { WindowTrace } from "./observe/window-trace.js";
import { EnergyDetector } from "./plan/energy-detector.js";
import { readAhead } from "./plan/read-ahead.js";
import type { SpeechDetector } from "./plan/speech-detector.js";
import { speechParams } from "./plan/speech-params.js";
import { fixedWindows, type PlanFigures, speechWindows } from "./plan/windows.js";
import { type Decoded, type DecodedWindow, endMsOf, type Scheduler } from "./schedule/scheduler.js";
import type { Ticket } from "./schedule/ticket.js";
import { placeSegments, placeSuppressed, placeWordsOf, sumCounts, sumTimings } from "./stitch/segments.js";
import { refuseSpeakers } from "./stitch/speakers.js";
import { TimeMap } from "./stitch/time-map.js";

/** Of a prompt only its last 224 tokens count; no language needs more characters than this for them. */
const PROMPT_MAX_CHARACTERS = 8000;

/** Called as the work goes on. */
export interface Listeners {
  /** @param totalMs undefined while the recording is being decoded */
  onProgress?: ((doneMs: number, totalMs: number | undefined) => void) | undefined;
  /** The segments of each window, in order; no further window begins before it has settled. */
  onSegments?: ((segments: Segment[]) => void | Promise<void>) | undefined;
}

/** A recording on disk and where its decoded audio may lie; whoever made the folder removes it. */
export interface Recording {
  inputPath: string;
  folder: string;
  /** The request's place in the order of turns; default: one that nobody had to be let in for. */
  ticket?: Ticket | undefined;
}

export interface TranscriberParts {
  scheduler: Scheduler;
  ffmpegPath: string;
  /** Longest recording, in milliseconds. */
  maximumMs: number;
  /** Of the disk that decoded audio is written to. */
  spoolSpace?: SpoolSpace | undefined;
  /** The best way of finding speech at the moment; default: by energy. */
  detector?: () => Promise<SpeechDetector>;
}

/** A recording once all of it is done. */
interface Heard {
  spool: Spool;
  decoded: Decoded;
  figures: PlanFigures;
  decoderWaitMs: number;
}

/**
 * The way of one recording through the house: decoded by ffmpeg, planned into windows, decoded by the engine, stitched.
 * Windows are planned and decoded while ffmpeg still works. The server and the command line both go through here; neither
 * knows the stages.
 */
export class Transcriber {
  readonly #parts: TranscriberParts;
  /** Five hundred requests at once must not be five hundred ffmpegs. */
  readonly #decoders = new DecoderLanes(usableCores());

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
    listeners: Listeners = {},
  ): Promise<Transcript> {
    refuseUnknownLanguages(request, model);
    refuseSpeakers(request);
    const arrivedMs = performance.now();
    const { spool, decoded, figures, decoderWaitMs } = await this.#hear(recording, request, model, signal, listeners);
    const { windows, queueMs, backend, threads, shortWindows } = decoded;
    const results = windows.map(({ result }) => result);
    const durationMs = samplesToMs(spool.sampleCount);
    const guess = decoded.language;
    const language = guess?.language ?? request.language ?? request.languages[0] ?? "en";
    return {
      task: request.task,
      language,
      languageProbability: guess?.probability ?? (request.language ? 1 : 0),
      durationMs,
      segments: windows.flatMap(segmentsOf),
      ...(request.granularities.includes("word") ? { words: windows.flatMap((one) => wordsOf(one, request)) } : {}),
      suppressed: windows.length > 0 ? windows.flatMap(suppressedOf) : nobodySpoke(durationMs),
      model: model.id,
      provider: "local",
      tokenCounts: sumCounts(results),
      timings: sumTimings(results),
      work: {
        queueMs: decoderWaitMs + queueMs,
        elapsedMs: performance.now() - arrivedMs,
        speechMs: figures.speechMs,
        backend,
        threads,
        shortWindows,
        fallbacks: results.reduce((sum, { fallbacks }) => sum + fallbacks, 0),
      },
      windowCount: windows.length,
    };
  }

  /** Decodes and plans, and decodes windows as they are planned. What fails first stops the rest. */
  async #hear(
    recording: Recording,
    request: TranscribeRequest,
    model: InstalledModel,
    signal: AbortSignal,
    { onProgress, onSegments }: Listeners,
  ): Promise<Heard> {
    const { scheduler, detector = byEnergy } = this.#parts;
    const { ticket = scheduler.ticket() } = recording;
    const search = { detector: await detector(), params: speechParams(request.chunkingStrategy) };
    using failed = new LinkedAbort(signal);
    const stop = failed.signal;
    const span = currentSpan();
    const { spool, waitedMs } = this.#startDecoding(recording, ticket, request, { stop, span });
    const figures: PlanFigures = { speechMs: 0 };
    const windows = readAhead(
      request.vadFilter ? speechWindows(spool, search, stop, figures) : fixedWindows(spool, stop),
    );
    const traced = new WindowTrace(span);
    const work = {
      model,
      ticket,
      spool,
      windows: traced.watch(windows),
      params: paramsOf(request),
      isReadAlong: onSegments !== undefined,
      onProgress: (window: Window) => {
        traced.done(window);
        onProgress?.(endMsOf(window), spool.durationMs);
      },
      onWindow: (one: DecodedWindow) => {
        traced.decoded(one);
        return onSegments?.(segmentsOf(one));
      },
    };
    try {
      const decoded = await scheduler.decode(work, stop);
      traced.waited(decoded.queueMs);
      return { spool: await spool.ended, decoded, figures, decoderWaitMs: waitedMs() };
    } catch (error) {
      failed.abort(error);
      // When the decoding failed, so did whoever read what it made; and it says why.
      await spool.ended;
      throw error;
    } finally {
      await windows.return(undefined);
    }
  }

  #startDecoding(
    { inputPath, folder }: Recording,
    ticket: Ticket,
    request: TranscribeRequest,
    { stop: signal, span }: { stop: AbortSignal; span: Span },
  ) {
    const { ffmpegPath, maximumMs, spoolSpace, scheduler } = this.#parts;
    const { owner, audio } = ticket;
    const job: DecodeJob = {
      inputPath,
      isInputKept: dirname(resolve(inputPath)) === resolve(folder),
      outputPath: join(folder, "audio.s16le"),
      ffmpegPath,
      maximumMs,
      audioTrack: request.audioTrack,
      channel: request.channel,
      containers: request.containers,
      space: spoolSpace,
      signal,
    };
    const askedMs = performance.now();
    let waitedMs = 0;
    const mayMakeWay = () => {
      const { decodedMs, totalMs } = audio;
      const progress = { tookMs: performance.now() - askedMs - waitedMs, decodedMs, totalMs };
      return canMakeWay(progress, scheduler.leastLeftMs(ticket));
    };
    const turn = { owner, expectedMs: audio.totalMs, canMakeWay: mayMakeWay };
    const ended = this.#decoders.run(turn, signal, async (makeWay) => {
      waitedMs = performance.now() - askedMs;
      return spanned(span, "decode", async (child) => {
        const spool = await decodeToSpool({ ...job, makeWay });
        const durationMs = samplesToMs(spool.sampleCount);
        audio.ended(durationMs);
        child.note({ "sotto.audio_ms": durationMs });
        return spool;
      });
    });
    const spool = new DecodingSpool(job.outputPath, ended, (sampleCount) => audio.grew(samplesToMs(sampleCount)));
    return { spool, waitedMs: () => waitedMs };
  }
}

async function byEnergy(): Promise<SpeechDetector> {
  return new EnergyDetector();
}

function paramsOf(request: TranscribeRequest): DecodeParams {
  return {
    task: request.task,
    language: request.language,
    languages: request.languages,
    prompt: request.prompt?.slice(-PROMPT_MAX_CHARACTERS),
    keywords: request.keywords,
    temperature: request.temperature,
    logprobs: request.include.includes("logprobs"),
    words: request.granularities.includes("word"),
  };
}

function segmentsOf({ window, result }: DecodedWindow): Segment[] {
  return placeSegments(new TimeMap(window), result.segments);
}

/** Words are timed within the window: by its map they then come to lie where somebody speaks. */
function wordsOf({ window, result }: DecodedWindow, { task }: TranscribeRequest) {
  // A translation's words are English, whatever was spoken.
  const language = task === "translate" ? "en" : result.language;
  return placeWordsOf(new TimeMap(window), result.segments, language);
}

function suppressedOf({ window, result }: DecodedWindow): Suppression[] {
  return placeSuppressed(new TimeMap(window), result.suppressed);
}

function nobodySpoke(durationMs: number): Suppression[] {
  return [{ startMs: 0, endMs: durationMs, reason: "no_speech", action: "dropped", text: "" }];
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
