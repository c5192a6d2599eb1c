import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { CommandError } from "../../core/config.js";
import { packageRoot } from "../../core/package-root.js";
import type { CommandContestant, Contestant } from "./contestant.js";

export const RIVAL_NAMES = ["whisper.cpp", "faster-whisper"] as const;
export type RivalName = (typeof RIVAL_NAMES)[number];

/** What `scripts/bench/rival.mjs` says of a rival that is ready. */
export interface Rival {
  servers: Contestant[];
  commands: CommandContestant[];
}

/**
 * Makes a rival ready: builds or installs it and converts the model, the first time. Its progress goes to standard error.
 * @throws CommandError in one line when what it needs is not here
 */
export async function prepareRival(
  name: RivalName,
  modelPath: string,
  threads: number,
  signal: AbortSignal,
): Promise<Rival> {
  const script = join(packageRoot(), "scripts/bench/rival.mjs");
  const args = [script, name, "--model", modelPath, "--threads", String(threads)];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"], detached: true });
  const onAbort = () => child.kill("SIGTERM"); // it ends what it has started
  signal.addEventListener("abort", onAbort);
  let output = "";
  let lastNote = "";
  child.stdout.setEncoding("utf8").on("data", (chunk) => {
    output += chunk;
  });
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    process.stderr.write(chunk);
    lastNote = chunk.trim().split("\n").at(-1) ?? lastNote;
  });
  const [code] = await once(child, "close").finally(() => signal.removeEventListener("abort", onAbort));
  signal.throwIfAborted();
  if (code !== 0) throw new CommandError(`${name} is left out: ${lastNote || `its script ended with ${code}`}`);
  return JSON.parse(output) as Rival;
}
