import { execFileSync } from "node:child_process";
import { readdirSync, readlinkSync } from "node:fs";
import { readIfThere } from "../../core/read-if-there.js";

const LINUX_PERIOD_MS = 50;
/** `ps` is a process for every look. */
const OTHER_PERIOD_MS = 1000;

/** Resident memory of a process and all beneath it, at one moment or at its highest. */
export interface TreeMemory {
  /** Pages of files are counted once for each program: processes that run the same one share them. Linux alone tells them apart. */
  bytes: number;
  /** They are counted in each process, as `ps` adds up. */
  summedBytes: number;
}

/** Largest resident memory of a process and all beneath it, looked at again and again. */
export class MemoryWatch implements Disposable {
  #timer: NodeJS.Timeout | undefined;
  #peak: TreeMemory = { bytes: 0, summedBytes: 0 };

  /** Looks at a process from now on, until it is disposed of. */
  watch(pid: number): void {
    const look = () => {
      const { bytes, summedBytes } = memoryOfTree(pid);
      this.#peak.bytes = Math.max(this.#peak.bytes, bytes);
      this.#peak.summedBytes = Math.max(this.#peak.summedBytes, summedBytes);
    };
    this.#timer = setInterval(look, process.platform === "linux" ? LINUX_PERIOD_MS : OTHER_PERIOD_MS);
    this.#timer.unref();
  }

  get peak(): TreeMemory {
    return { ...this.#peak };
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

/** Memory of a process and all beneath it now; 0 when it has ended, or on a system that does not say. */
export function memoryOfTree(pid: number): TreeMemory {
  if (process.platform === "linux") return memoryFromProc(pid);
  const bytes = residentBytesFromPs(pid);
  return { bytes, summedBytes: bytes };
}

/** Source: the kernel's `Documentation/filesystems/proc.rst`; children are listed by the thread that made them. */
function memoryFromProc(root: number): TreeMemory {
  const fileBytes = new Map<string, number>();
  let ownBytes = 0;
  let summedFileBytes = 0;
  const add = (pid: number) => {
    const status = readIfThere(`/proc/${pid}/status`) ?? "";
    const field = (name: string) => 1024 * Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)?.[1] ?? 0);
    const program = programOf(pid);
    const files = field("RssFile");
    ownBytes += field("RssAnon") + field("RssShmem");
    summedFileBytes += files;
    fileBytes.set(program, Math.max(files, fileBytes.get(program) ?? 0));
    for (const thread of threadsOf(pid)) {
      const children = readIfThere(`/proc/${pid}/task/${thread}/children`) ?? "";
      for (const child of children.split(" ").filter(Boolean)) add(Number(child));
    }
  };
  add(root);
  const sharedFileBytes = [...fileBytes.values()].reduce((sum, bytes) => sum + bytes, 0);
  return { bytes: ownBytes + sharedFileBytes, summedBytes: ownBytes + summedFileBytes };
}

function programOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/exe`);
  } catch {
    return ""; // it ended
  }
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
