import { setPriority } from "node:os";
import ffmpeg from "fluent-ffmpeg";

/** One run of ffmpeg from a file to a file. Paths are absolute, so that none reads as an option or a protocol. */
export interface FfmpegRun {
  ffmpegPath: string;
  inputPath: string;
  inputOptions: string[];
  outputPath: string;
  outputOptions: string[];
  /** Kills ffmpeg at once. */
  signal: AbortSignal;
  /** From when on the processor is given to others first. */
  makeWay?: AbortSignal | undefined;
}

/** How ffmpeg ended. */
export interface FfmpegEnd {
  /** Why it could not be started, failed or was killed; undefined after exit code 0. */
  failure: Error | undefined;
  /** Whether a signal ended it: ours, or a crash. */
  killed: boolean;
  /** The last hundred lines of its standard error. */
  stderr: string;
}

interface Ring {
  get(): string;
}
type OnEnd = (error?: Error | null, stdout?: Ring, stderr?: Ring) => void;

/** The parts of fluent-ffmpeg that no type declares (`lib/processor.js`, `lib/capabilities.js` of 2.1.3). */
interface Internals {
  ffmpegProc?: { pid?: number };
  _getFfmpegPath(callback: (error: null, path: string) => void): void;
  _spawnFfmpeg(...argumentsAndOnEnd: unknown[]): void;
}

/** A niceness: beside computation of ordinary priority ffmpeg then gets a tenth of a core. Source: nice(1), sched(7). */
const LOW_PRIORITY = 10;
const NO_OUTPUT: Ring = { get: () => "" };

/**
 * Runs ffmpeg through fluent-ffmpeg, which nothing else in Sotto touches. It spawns with an argument list, never a shell.
 * @returns how ffmpeg ended, once it has; never rejects
 */
export function runFfmpeg(run: FfmpegRun): Promise<FfmpegEnd> {
  const command = ffmpeg(run.inputPath);
  mend(command as unknown as Internals, run.ffmpegPath);
  // Spread: options in an array would be split at their spaces.
  command.inputOptions(...run.inputOptions);
  command.outputOptions(...run.outputOptions);
  command.output(run.outputPath);
  const lowerPriority = () => {
    const pid = (command as unknown as Internals).ffmpegProc?.pid;
    if (pid !== undefined) reduce(pid);
  };

  return new Promise((resolve) => {
    const kill = () => command.kill("SIGKILL");
    const settle = (failure: Error | undefined, stderr: string | null | undefined) => {
      run.signal.removeEventListener("abort", kill);
      run.makeWay?.removeEventListener("abort", lowerPriority);
      resolve({ failure, killed: /killed with signal/.test(failure?.message ?? ""), stderr: stderr ?? "" });
    };
    run.signal.addEventListener("abort", kill);
    command.on("start", () => {
      if (run.signal.aborted) kill();
      if (run.makeWay?.aborted) lowerPriority();
      else run.makeWay?.addEventListener("abort", lowerPriority, { once: true });
    });
    command.on("end", (_stdout: string | null, stderr: string | null) => settle(undefined, stderr));
    command.on("error", (error: Error, _stdout?: string | null, stderr?: string | null) => settle(error, stderr));
    command.run();
  });
}

function reduce(pid: number): void {
  try {
    setPriority(pid, LOW_PRIORITY);
  } catch {
    // It has just ended, or this system has no such thing; it goes on as it is.
  }
}

/**
 * Mends two faults of fluent-ffmpeg, which is archived and will not be mended upstream:
 * - `setFfmpegPath` of one command changes the path of all commands in the process;
 * - when ffmpeg cannot be spawned (gone since the last run, no file handle left), it reads the output that was never
 *   made, from a callback, and the TypeError ends the process.
 */
function mend(command: Internals, ffmpegPath: string): void {
  const spawn = command._spawnFfmpeg;
  command._getFfmpegPath = (callback) => callback(null, ffmpegPath);
  command._spawnFfmpeg = (...args) => {
    const onEnd = args.pop() as OnEnd;
    let ended = false;
    const endOnce: OnEnd = (error, stdout = NO_OUTPUT, stderr = NO_OUTPUT) => {
      if (ended) return;
      ended = true;
      onEnd(error, stdout, stderr);
    };
    try {
      spawn.call(command, ...args, endOnce);
    } catch (error) {
      // Later: the process's own error event, which says more, comes on the next tick.
      setImmediate(() => endOnce(error as Error));
    }
  };
}
