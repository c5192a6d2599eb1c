import { rm, stat, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { BYTES_PER_SAMPLE, MIN_AUDIO_MS, SAMPLE_RATE, SAMPLES_PER_MS, type Spool, samplesToMs } from "../core/audio.js";
import { type SottoError, sottoError } from "../core/errors.js";
import type { Channel, Container } from "../core/request.js";
import { decodeFailure, undecodable } from "./decode-failure.js";
import { decoderMissing, saysNotRunnable } from "./decoder-check.js";
import { acceptedDemuxers, withinContainers } from "./demuxers.js";
import { type FfmpegEnd, runFfmpeg } from "./ffmpeg-command.js";
import { findPlainSamples, readPlainSamples } from "./plain-wav.js";
import type { SpoolSpace } from "./spool-space.js";
import { saysStorageFull } from "./storage-full.js";

/** What is to be decoded, and within which bounds. */
export interface DecodeJob {
  inputPath: string;
  /** The input stays as it is for as long as the spool is used, and may be a part of it; default: it may change. */
  isInputKept?: boolean;
  /** Made new, unless the input holds the very samples: 16 kHz mono s16le. */
  outputPath: string;
  ffmpegPath: string;
  /** Longer audio is refused. */
  maximumMs: number;
  /** Which of its audio streams, counted from 0; default: the first. */
  audioTrack?: number;
  /** Default: all mixed into one. */
  channel?: Channel;
  /** Default: all that this ffmpeg reads. */
  containers?: readonly Container[] | undefined;
  /** Of the disk that it is written to; default: ffmpeg writes until that is full. */
  space?: SpoolSpace | undefined;
  /** Kills ffmpeg at once. */
  signal?: AbortSignal;
  /** Aborts when ffmpeg is to make way for others, at a low priority. */
  makeWay?: AbortSignal | undefined;
  /** How long ffmpeg may go on without writing anything. */
  stallMs?: number;
}

/** Enough decoded past the limit to tell that it was passed. */
const OVERSHOOT_MS = 1000;
const STALL_MS = 60_000;
/** ffmpeg writes some ten megabytes of samples in that time, at a thousand times the speed of speech. */
const SPACE_LOOK_MS = 250;
/** Copied without ffmpeg, a minute: of more its start is a small part of the work. */
const MOST_COPIED_SAMPLES = 60 * SAMPLE_RATE;

/**
 * Decodes one audio stream of a recording with ffmpeg to 16 kHz mono samples on disk, unless they lie there as such already. A
 * damaged or cut recording yields what can be read of it. The promise settles only once ffmpeg has ended; on failure no output stays.
 * @throws SottoError `decoder_missing`, `undecodable_audio`, `no_audio_stream`, `audio_too_short`, `audio_too_long`,
 *   `storage_full`; the signal's reason when it aborts
 */
export async function decodeToSpool(job: DecodeJob): Promise<Spool> {
  const outputPath = resolve(job.outputPath);
  try {
    return await decode(job, outputPath);
  } catch (error) {
    await rm(outputPath, { force: true }).catch(() => undefined);
    throw error;
  }
}

async function decode(job: DecodeJob, outputPath: string): Promise<Spool> {
  job.signal?.throwIfAborted();
  const formats = await acceptedDemuxers(job.ffmpegPath).catch((error) => {
    throw isSystemError(error) && !saysNotRunnable(error)
      ? sottoError("internal_error", {}, { cause: error })
      : decoderMissing(error);
  });
  await job.space?.demand();
  const plain = await plainSpool(job, outputPath);
  job.signal?.throwIfAborted();
  if (plain) {
    const refusal = judge({ failure: undefined, killed: false, stderr: "" }, plain.sampleCount, job);
    if (refusal) throw refusal;
    return plain;
  }

  const stop = new AbortController();
  const onAbort = () => stop.abort();
  job.signal?.addEventListener("abort", onAbort);
  const stall = watchGrowth(outputPath, job.stallMs ?? STALL_MS, onAbort);
  const space = watchSpace(job.space, onAbort);
  const end = await runFfmpeg({
    ffmpegPath: job.ffmpegPath,
    inputPath: resolve(job.inputPath),
    inputOptions: inputOptions(withinContainers(formats, job.containers)),
    outputPath,
    outputOptions: outputOptions(job),
    signal: stop.signal,
    makeWay: job.makeWay,
  });
  stall.stop();
  space.stop();
  job.signal?.removeEventListener("abort", onAbort);

  job.signal?.throwIfAborted();
  if (end.killed && space.shortage()) throw space.shortage();
  if (stall.stalled()) throw undecodable("ffmpeg made no progress on it", new Error(end.stderr));
  const sampleCount = Math.floor((await fileBytes(outputPath)) / BYTES_PER_SAMPLE);
  const refusal = judge(end, sampleCount, job);
  if (refusal) throw refusal;
  return { path: outputPath, sampleCount };
}

/** The samples that the input holds as such; undefined: this is ffmpeg's to do, which will also say what is wrong. */
async function plainSpool(job: DecodeJob, outputPath: string): Promise<Spool | undefined> {
  const { isInputKept = false, audioTrack = 0, channel = "mix", containers } = job;
  const inputPath = resolve(job.inputPath);
  if (audioTrack !== 0 || channel !== "mix" || (containers && !containers.includes("wav"))) return undefined;
  try {
    const samples = await findPlainSamples(inputPath);
    if (samples && isInputKept) return { path: inputPath, ...samples };
    if (!samples || samples.sampleCount > MOST_COPIED_SAMPLES) return undefined;
    const copied = await readPlainSamples(inputPath, samples);
    await writeFile(outputPath, copied);
    return { path: outputPath, sampleCount: Math.floor(copied.length / BYTES_PER_SAMPLE) };
  } catch {
    return undefined;
  }
}

function inputOptions(formats: string): string[] {
  return [
    ...["-nostdin", "-hide_banner", "-nostats"],
    ...["-loglevel", "error"],
    // Nothing but the file itself: no network, and no other file (see demuxers.ts).
    ...["-protocol_whitelist", "file,pipe"],
    ...["-format_whitelist", formats],
    // One request must not take all cores; the engine needs them.
    ...["-threads", "1"],
    // As input options these skip the packets instead of decoding them.
    ...["-vn", "-sn", "-dn"],
  ];
}

/** A mono recording has both sides alike, and of more than two channels ffmpeg makes a left and a right one. */
const SIDES: Record<Channel, string[]> = {
  mix: [],
  left: ["-af", "aformat=channel_layouts=stereo,pan=mono|c0=c0"],
  right: ["-af", "aformat=channel_layouts=stereo,pan=mono|c0=c1"],
};

function outputOptions({ maximumMs, audioTrack = 0, channel = "mix" }: DecodeJob): string[] {
  return [
    ...["-map", `0:a:${audioTrack}`],
    ...SIDES[channel],
    ...["-ac", "1"],
    ...["-ar", String(SAMPLE_RATE)],
    ...["-f", "s16le"],
    // 25 MB of Opus may hold nine hours, which are a gigabyte here.
    ...["-t", String((maximumMs + OVERSHOOT_MS) / 1000)],
  ];
}

function judge(
  end: FfmpegEnd,
  sampleCount: number,
  { maximumMs, audioTrack, containers }: DecodeJob,
): SottoError | undefined {
  const { failure, killed, stderr } = end;
  if (saysNotRunnable(failure)) return decoderMissing(failure);
  // Before the exit code: a buffer that cannot be written as ffmpeg closes its file is not in it (ffmpeg 5.1).
  if (saysStorageFull(stderr)) return sottoError("storage_full", {}, { cause: new Error(stderr) });
  if (isSystemError(failure)) return sottoError("internal_error", {}, { cause: failure });
  if (killed) return undecodable("ffmpeg broke down on it", new Error(`${failure?.message}\n${stderr}`));
  if (sampleCount === 0) return decodeFailure(stderr || (failure?.message ?? ""), { audioTrack, containers });
  if (sampleCount > maximumMs * SAMPLES_PER_MS) {
    return sottoError("audio_too_long", { maximumSec: maximumMs / 1000 }, { param: "file" });
  }
  if (sampleCount < MIN_AUDIO_MS * SAMPLES_PER_MS) {
    const actualSec = samplesToMs(sampleCount) / 1000;
    return sottoError("audio_too_short", { minimumSec: MIN_AUDIO_MS / 1000, actualSec }, { param: "file" });
  }
  return undefined;
}

/** Such as EMFILE: ffmpeg could not be started, but not because it is missing. */
function isSystemError(error: unknown): boolean {
  return error instanceof Error && "code" in error && typeof error.code === "string";
}

/** Calls `onStall` when the file at `path` has not grown for `stallMs`. */
function watchGrowth(path: string, stallMs: number, onStall: () => void): { stop(): void; stalled(): boolean } {
  let bytes = 0;
  let grewAt = performance.now();
  let stalled = false;
  let stopped = false;
  const timer = setInterval(async () => {
    const now = await fileBytes(path);
    if (now !== bytes) {
      bytes = now;
      grewAt = performance.now();
    } else if (!stopped && performance.now() - grewAt > stallMs) {
      stalled = true;
      onStall();
    }
  }, stallMs / 10);
  return {
    stop: () => {
      stopped = true;
      clearInterval(timer);
    },
    stalled: () => stalled,
  };
}

/** Calls `onShortage` when nothing but the reserve is left of the disk. */
function watchSpace(space: SpoolSpace | undefined, onShortage: () => void): { stop(): void; shortage(): unknown } {
  let shortage: unknown;
  const look = async () => {
    await space?.demand().catch((error) => {
      shortage = error;
      onShortage();
    });
  };
  const timer = space && setInterval(look, SPACE_LOOK_MS);
  return { stop: () => clearInterval(timer), shortage: () => shortage };
}

async function fileBytes(path: string): Promise<number> {
  const found = await stat(path).catch(() => undefined);
  return found?.size ?? 0;
}
