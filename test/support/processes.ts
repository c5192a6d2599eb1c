import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** Process ids of the engines beneath a process. */
export function enginesOf(parentPid: number | undefined): number[] {
  const { stdout } = spawnSync("ps", ["-o", "pid=", "--ppid", String(parentPid)], { encoding: "utf8" });
  return stdout.split("\n").filter(Boolean).map(Number).filter(isEngine);
}

function isEngine(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("host.js");
  } catch {
    return false;
  }
}

/** Resident memory of a process, in bytes; 0 when it has ended. Source: proc(5), `VmRSS`. */
export function residentBytesOf(pid: number): number {
  try {
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
