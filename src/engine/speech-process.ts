import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { abortable } from "../core/abortable.js";
import type { FromSpeech, SpeechFindings, SpeechJob, SpeechSetup, ToSpeech } from "./speech-protocol.js";

/** How long it stays when there is nothing to do. */
const IDLE_MS = 60_000;
/** A piece takes a tenth of a second; on a machine that does a hundred things at once, seconds. */
const SILENCE_MS = 60_000;

interface Pending {
  resolve: (findings: SpeechFindings) => void;
  reject: (reason: Error) => void;
}

/** The server's side of the process that finds speech: started when it is needed, ended when it is not. */
export class SpeechProcess {
  readonly #setup: SpeechSetup;
  readonly #idleMs: number;
  readonly #pending = new Map<number, Pending>();
  #child: ChildProcess | undefined;
  /** Ends it when it has nothing to do, or does not answer. */
  #timer: NodeJS.Timeout | undefined;
  #nextJobId = 1;

  constructor(setup: SpeechSetup, idleMs = IDLE_MS) {
    this.#setup = setup;
    this.#idleMs = idleMs;
  }

  /**
   * Judges a piece of a recording. Pieces are judged in the order they come, whosesoever they are.
   * @throws Error when the process ended or could not; the signal's reason, and the piece's findings are dropped
   */
  judge(job: SpeechJob, signal: AbortSignal): Promise<SpeechFindings> {
    const jobId = this.#nextJobId++;
    const findings = new Promise<SpeechFindings>((resolve, reject) => {
      const child = this.#running();
      this.#pending.set(jobId, { resolve, reject });
      this.#watch();
      child.send({ jobId, job } satisfies ToSpeech, () => {});
    });
    return abortable(findings, signal);
  }

  /** Ends the process. Pieces in it fail; a later one starts another. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (!child) return;
    child.ref();
    await new Promise<void>((resolve) => {
      child.once("exit", () => resolve());
      child.kill("SIGKILL");
    });
  }

  #running(): ChildProcess {
    if (this.#child) return this.#child;
    const program = fileURLToPath(new URL("./speech-child.js", import.meta.url));
    const child = fork(program, [JSON.stringify(this.#setup)], {
      stdio: ["ignore", "ignore", "inherit", "ipc"],
      serialization: "advanced",
      env: { GGML_NO_BACKTRACE: "1", ...process.env },
    });
    child.on("message", (message: FromSpeech) => this.#settle(message));
    child.once("error", (error) => this.#end(child, error));
    child.once("exit", (code, signal) => {
      this.#end(child, new Error(`the process that finds speech ended (${signal ?? `exit code ${code}`})`));
    });
    // A server whose work is done does not stay for it.
    child.unref();
    child.channel?.unref();
    this.#child = child;
    return child;
  }

  #settle(message: FromSpeech): void {
    const pending = this.#pending.get(message.jobId);
    this.#pending.delete(message.jobId);
    this.#watch();
    if ("findings" in message) pending?.resolve(message.findings);
    else pending?.reject(new Error(message.reason));
  }

  #watch(): void {
    clearTimeout(this.#timer);
    const isBusy = this.#pending.size > 0;
    this.#timer = setTimeout(() => this.#child?.kill("SIGKILL"), isBusy ? SILENCE_MS : this.#idleMs);
    // What waits for an answer keeps the process alive; an idle one need not.
    if (!isBusy) this.#timer.unref();
  }

  #end(child: ChildProcess, reason: Error): void {
    if (this.#child !== child) return;
    this.#child = undefined;
    clearTimeout(this.#timer);
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject } of pending) reject(reason);
  }
}
