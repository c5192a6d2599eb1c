import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { basename } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { CommandError } from "../../core/config.js";

/** How to start an engine that answers over HTTP, and how to ask it. */
export interface Contestant {
  name: string;
  /** Program and arguments; `{port}` stands for the port to listen on. */
  command: readonly string[];
  environment?: NodeJS.ProcessEnv;
  /** Answers with status 200 once requests are served. */
  readyPath: string;
  postPath: string;
  /** Fields beside the form's `file`; undefined: the body is the recording alone. */
  fields?: Readonly<Record<string, string>>;
  /** What the figures are of: program, library, precision. */
  versions: Readonly<Record<string, string>>;
}

/** A program that transcribes one file and ends. */
export interface CommandContestant {
  name: string;
  /** Program and arguments; `{file}` stands for the recording. Its standard output is the text, with or without times. */
  command: readonly string[];
  versions: Readonly<Record<string, string>>;
}

const READY_WITHIN_MS = 180_000;
const READY_PERIOD_MS = 10;
const END_WITHIN_MS = 5000;
const LOG_CHARACTERS = 2000;

/** A contestant that runs. */
export class RunningContestant implements AsyncDisposable {
  readonly contestant: Contestant;
  readonly #child: ChildProcess;
  readonly #url: string;
  readonly #signal: AbortSignal;

  private constructor(contestant: Contestant, child: ChildProcess, url: string, signal: AbortSignal) {
    this.contestant = contestant;
    this.#child = child;
    this.#url = url;
    this.#signal = signal;
  }

  /**
   * Resolves once it serves.
   * @throws CommandError with the end of what it wrote, when it ended or took too long
   */
  static async start(
    contestant: Contestant,
    signal: AbortSignal,
    onStart: (pid: number) => void,
  ): Promise<RunningContestant> {
    const url = `http://127.0.0.1:${await freePort()}`;
    const port = new URL(url).port;
    const [program = "", ...args] = contestant.command.map((word) => word.replace("{port}", port));
    const env = contestant.environment ?? process.env;
    // A process group of its own: Ctrl-C is ours to handle, and what it has started ends with it.
    const child = spawn(program, args, { env, stdio: ["ignore", "pipe", "pipe"], detached: true });
    if (child.pid) onStart(child.pid);
    let log = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (chunk) => {
        log = (log + chunk).slice(-LOG_CHARACTERS);
      });
    }
    let ended: string | undefined;
    child.on("error", (error) => {
      ended = error.message;
    });
    child.on("exit", (code, by) => {
      ended ??= by ? `signal ${by}` : `exit code ${code}`;
    });
    const running = new RunningContestant(contestant, child, url, signal);
    const startedMs = performance.now();
    while (!(await isReady(url + contestant.readyPath))) {
      if (!ended && !signal.aborted && performance.now() - startedMs < READY_WITHIN_MS) {
        await sleep(READY_PERIOD_MS);
        continue;
      }
      await running[Symbol.asyncDispose]();
      signal.throwIfAborted();
      const reason = log.trim().split("\n").at(-1) ?? "";
      throw new CommandError(`${contestant.name} did not come up (${ended ?? "it took too long"}): ${reason}`);
    }
    return running;
  }

  /** The text that it hears. @throws CommandError when it answers anything but 200, or not to the end */
  async transcribe(wav: Buffer): Promise<string> {
    const { name } = this.contestant;
    const { reply, text } = await this.#post(wav).catch((error: Error) => {
      this.#signal.throwIfAborted();
      const { code, message = error.message } = (error.cause ?? {}) as { code?: string; message?: string };
      throw new CommandError(`${name} broke off: ${code ?? message}`);
    });
    if (reply.status !== 200) throw new CommandError(`${name} answered ${reply.status}: ${text.trim().slice(0, 200)}`);
    return text;
  }

  async #post(wav: Buffer): Promise<{ reply: Response; text: string }> {
    const { fields, postPath } = this.contestant;
    const reply = await fetch(this.#url + postPath, {
      method: "POST",
      // A connection that was kept may be closed by the other side just as it is used again.
      headers: { connection: "close" },
      body: fields ? formOf(wav, fields) : new Uint8Array(wav),
      signal: this.#signal,
    });
    return { reply, text: await reply.text() };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null || this.#child.pid === undefined) return;
    const exited = once(this.#child, "exit");
    killGroup(this.#child, "SIGTERM");
    const outcome = await Promise.race([exited, sleep(END_WITHIN_MS, "late")]);
    if (outcome === "late") killGroup(this.#child, "SIGKILL");
    await exited;
  }
}

/**
 * Runs a program to its end.
 * @returns its standard output without times in brackets
 * @throws CommandError when it fails
 */
export async function runCommand(
  { name, command }: CommandContestant,
  path: string,
  signal: AbortSignal,
  onStart: (pid: number) => void,
): Promise<string> {
  const [program = "", ...args] = command.map((word) => word.replace("{file}", path));
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "ignore"], detached: true });
  const onAbort = () => killGroup(child, "SIGKILL");
  signal.addEventListener("abort", onAbort);
  const closed = once(child, "close");
  if (child.pid) onStart(child.pid);
  let output = "";
  child.stdout?.setEncoding("utf8").on("data", (chunk) => {
    output += chunk;
  });
  const [code] = await closed.finally(() => signal.removeEventListener("abort", onAbort));
  signal.throwIfAborted();
  if (code !== 0) throw new CommandError(`${name} ended with ${code} on ${basename(path)}.`);
  return output.replace(/^\[[^\]]*\]/gm, "");
}

function formOf(wav: Buffer, fields: Readonly<Record<string, string>>): FormData {
  const form = new FormData();
  for (const [field, value] of Object.entries(fields)) form.append(field, value);
  form.append("file", new Blob([new Uint8Array(wav)], { type: "audio/wav" }), "recording.wav");
  return form;
}

async function isReady(url: string): Promise<boolean> {
  try {
    const reply = await fetch(url);
    await reply.arrayBuffer();
    return reply.status === 200;
  } catch {
    return false; // nobody listens yet
  }
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (child.pid) process.kill(-child.pid, signal);
  } catch {
    // It ended a moment ago.
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}
