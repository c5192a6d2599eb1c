import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** A connection that a process has made, as the system sees it. */
export interface OutwardConnection {
  pid: number;
  /** In hexadecimal, as the system writes it: address, colon, port. */
  remote: string;
}

const LISTENING = "0A";

/** A process and all beneath it. */
function family(pid: number): number[] {
  try {
    // Of its first thread, which is the one that Node starts processes from.
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean);
    return [pid, ...children.map(Number).flatMap(family)];
  } catch {
    return []; // it has ended
  }
}

function inodesOf(pid: number): Set<string> {
  const inodes = new Set<string>();
  try {
    for (const fd of readdirSync(`/proc/${pid}/fd`)) {
      try {
        const [, inode] = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`)) ?? [];
        if (inode) inodes.add(inode);
      } catch {} // closed meanwhile
    }
  } catch {} // it has ended
  return inodes;
}

/** TCP sockets of the network that `pid` sees: proc(5), `/proc/net/tcp`. */
function socketsOf(pid: number): { local: string; remote: string; state: string; inode: string }[] {
  return ["tcp", "tcp6"].flatMap((kind) => {
    let text = "";
    try {
      text = readFileSync(`/proc/${pid}/net/${kind}`, "utf8");
    } catch {}
    return text
      .split("\n")
      .slice(1)
      .filter(Boolean)
      .map((line) => {
        const [, local = "", remote = "", state = "", , , , , , inode = ""] = line.trim().split(/\s+/);
        return { local, remote, state, inode };
      });
  });
}

/**
 * Watches the connections of a process and of all beneath it, by the system's own tables: whatever code makes them. Those
 * that others make to its listening ports do not count.
 */
export class ConnectionWatch {
  readonly seen = new Map<string, OutwardConnection>();
  looks = 0;
  readonly #pid: number;
  readonly #timer: NodeJS.Timeout;

  constructor(pid: number) {
    this.#pid = pid;
    this.#timer = setInterval(() => this.look(), 5);
  }

  look(): void {
    this.looks++;
    const sockets = socketsOf(this.#pid);
    const ports = new Set(
      sockets.filter(({ state }) => state === LISTENING).map(({ local }) => local.split(":")[1] ?? ""),
    );
    for (const pid of family(this.#pid)) {
      const inodes = inodesOf(pid);
      for (const { local, remote, state, inode } of sockets) {
        const isOwn = inodes.has(inode) && state !== LISTENING;
        if (isOwn && !ports.has(local.split(":")[1] ?? "")) this.seen.set(inode, { pid, remote });
      }
    }
  }

  stop(): OutwardConnection[] {
    clearInterval(this.#timer);
    return [...this.seen.values()];
  }
}
