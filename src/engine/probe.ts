import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { NativeDevice, NativeProduct } from "./addon.js";

/** What a probe's process is to do with modules, given by their full paths; a CPU's comes before a GPU's. */
export type ProbeTask =
  | { kind: "score"; modules: readonly string[] }
  | { kind: "compute"; modules: readonly string[]; wantsGpu: boolean };

export type ProbeFindings =
  | { kind: "score"; score: number }
  | { kind: "computed"; device: NativeDevice | undefined; products: NativeProduct[]; encoding: number[] }
  | { kind: "failed"; reason: string };

/** How a probe ended: with findings, or as ill kernels end it. */
export type ProbeEnd = ProbeFindings | { kind: "died"; how: string } | { kind: "hung"; afterMs: number };

/** An encoding of the demonstration model takes under a second on the slowest CPU. */
export const CPU_TIME_LIMIT_MS = 30_000;
/** A driver may compile some hundred shaders first. */
export const GPU_TIME_LIMIT_MS = 300_000;

/** Runs a probe in a process of its own and waits for its end, whatever that is. */
export function probe(task: ProbeTask, timeLimitMs: number): Promise<ProbeEnd> {
  return new Promise((resolve) => {
    const program = fileURLToPath(new URL("./probe-child.js", import.meta.url));
    const child = fork(program, [JSON.stringify(task)], {
      stdio: ["ignore", "ignore", "ignore", "ipc"],
      env: { GGML_NO_BACKTRACE: "1", ...process.env },
    });
    const timer = setTimeout(() => {
      resolve({ kind: "hung", afterMs: timeLimitMs });
      child.kill("SIGKILL");
    }, timeLimitMs);
    child.once("message", (findings: ProbeFindings) => {
      resolve(findings);
      child.kill("SIGKILL"); // it may hang as it ends
    });
    child.once("error", (error) => resolve({ kind: "failed", reason: error.message }));
    child.once("exit", (code, signal) => {
      clearTimeout(timer);
      // A message that was sent before comes first.
      setImmediate(() => resolve({ kind: "died", how: signal ?? `exit code ${code}` }));
    });
  });
}
