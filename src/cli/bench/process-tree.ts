import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

const LINUX_PERIOD_MS = 50;
/** `ps` is a process for every look. */
const OTHER_PERIOD_MS = 1000;

/**
 * Largest resident memory of a process and all beneath it, looked at again and again. Pages that processes share are
 * counted in each: the figure is never too small.
 */
export class MemoryWatch implements Disposable {
  #timer: NodeJS.Timeout | undefined;
  #peakBytes = 0;

  /** Looks at a process from now on, until it is disposed of. */
  watch(pid: number): void {
    const look = () => {
      this.#peakBytes = Math.max(this.#peakBytes, residentBytesOfTree(pid));
    };
    this.#timer = setInterval(look, process.platform === "linux" ? LINUX_PERIOD_MS : OTHER_PERIOD_MS);
    this.#timer.unref();
  }

  get peakBytes(): number {
    return this.#peakBytes;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

/** Resident bytes of a process and all beneath it now; 0 when it has ended, or on a system that does not say. */
export function residentBytesOfTree(pid: number): number {
  return process.platform === "linux" ? residentBytesFromProc(pid) : residentBytesFromPs(pid);
}

/** Source: the kernel's `Documentation/filesystems/proc.rst`; children are listed by the thread that made them. */
function residentBytesFromProc(pid: number): number {
  const status = readIfThere(`/proc/${pid}/status`);
  const ownBytes = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
  const children = threadsOf(pid).flatMap((thread) =>
    readIfThere(`/proc/${pid}/task/${thread}/children`).split(" ").filter(Boolean).map(Number),
  );
  return children.reduce((sum, child) => sum + residentBytesFromProc(child), ownBytes);
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return []; // it ended
  }
}

function residentBytesFromPs(root: number): number {
  try {
    const rows = execFileSync("ps", ["-axo", "pid=,ppid=,rss="], { encoding: "utf8" })
      .split("\n")
      .map((line) => line.trim().split(/\s+/).map(Number));
    const bytesBeneath = (pid: number): number =>
      rows
        .filter(([own, parent]) => own === pid || (parent === pid && own !== pid))
        .reduce((sum, [own = 0, , kib = 0]) => sum + (own === pid ? kib * 1024 : bytesBeneath(own)), 0);
    return bytesBeneath(root);
  } catch {
    return 0;
  }
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
