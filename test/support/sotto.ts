import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, renameSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { packageRoot } from "../../src/core/package-root.js";

const MAIN = fileURLToPath(new URL("../../src/main.js", import.meta.url));
const START_TIMEOUT_MS = 60_000;

/** What the first server of a test run found to compute with; of other binaries it is ignored. */
const BACKEND = join(packageRoot(), "build", "test", "backend.json");
const backendIn = (home: string) => join(home, "engine", "backend.json");

/** A folder that stands for a user's home, in which a server has started before; the caller removes it. */
export function temporaryHome(): string {
  const home = mkdtempSync(join(tmpdir(), "sotto-home-"));
  if (existsSync(BACKEND)) {
    mkdirSync(join(home, "engine"));
    copyFileSync(BACKEND, backendIn(home));
  }
  return home;
}

function keepBackend(home: string): void {
  // A test may have given its server another home.
  if (existsSync(BACKEND) || !existsSync(backendIn(home))) return;
  copyFileSync(backendIn(home), `${BACKEND}.${process.pid}`);
  renameSync(`${BACKEND}.${process.pid}`, BACKEND);
}

/** What a command printed, and how it ended. */
export interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs `sotto …args` to its end. */
export async function runSotto(args: string[], environment: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  const child = spawn(process.execPath, [MAIN, ...args], { env: { ...process.env, ...environment } });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => {
    stdout += chunk;
  });
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk;
  });
  const [code] = (await once(child, "close")) as [number | null];
  return { code, stdout, stderr };
}

/** A server in a process of its own, as a user starts it. */
export interface RunningServer {
  url: string;
  home: string;
  child: ChildProcess;
  /** Everything it wrote on standard error so far. */
  log(): string;
  /** Sends SIGTERM and waits for the exit code. */
  stop(): Promise<number | null>;
}

/** Starts `sotto serve` on a free port with a home of its own, and waits until it listens. */
export async function startServer(args: string[] = [], environment: NodeJS.ProcessEnv = {}): Promise<RunningServer> {
  const home = temporaryHome();
  const child = spawn(process.execPath, [MAIN, "serve", "--port", "0", "--home", home, ...args], {
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let log = "";
  child.stderr.on("data", (chunk: Buffer) => {
    log += chunk;
  });
  const exited = once(child, "exit") as Promise<[number | null]>;
  const url = await new Promise<string>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`the server did not listen in time:\n${log}`)), START_TIMEOUT_MS);
    createInterface({ input: child.stdout }).on("line", (line) => {
      const match = /^listening on (https?:\S+)$/.exec(line);
      if (match) {
        clearTimeout(timer);
        resolve(match[1] as string);
      }
    });
    void exited.then(([code]) => {
      clearTimeout(timer);
      reject(new Error(`the server ended with ${code}:\n${log}`));
    });
  });
  keepBackend(home);
  return {
    url,
    home,
    child,
    log: () => log,
    stop: async () => {
      child.kill("SIGTERM");
      const [code] = await exited;
      await rm(home, { recursive: true, force: true });
      return code;
    },
  };
}
