import { createHash } from "node:crypto";
import { readFile, readlink } from "node:fs/promises";
import { hostname } from "node:os";

/**
 * Who made a spool folder: `<place>-<pid>-<start>`, the head of the folder's name.
 *
 * A process id alone is not enough: after a crash it may belong to somebody else, and in a container nearly every
 * server has the same one. So the mark also holds when the process started and where its id is valid.
 */
export type OwnerMark = string;

/** `elsewhere`: the owner runs where its process id cannot be looked up, such as in another container. */
export type OwnerState = "self" | "alive" | "dead" | "elsewhere";

const MARK = /^([0-9a-f]{12})-(\d{1,10})-(\d{1,20})$/;

let own: Promise<OwnerMark> | undefined;

/** The mark of this process. */
export function ownMark(): Promise<OwnerMark> {
  own ??= makeOwnMark();
  return own;
}

async function makeOwnMark(): Promise<OwnerMark> {
  // Host name and process-id namespace: containers of one host differ in the second, hosts in the first.
  const namespace = await readlink("/proc/self/ns/pid").catch(() => "");
  const place = createHash("sha256").update(`${hostname()}\n${namespace}`).digest("hex").slice(0, 12);
  return `${place}-${process.pid}-${await startOf(process.pid)}`;
}

/** Clock ticks from boot to the start of `pid`; 0 where the system does not say. */
async function startOf(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  // proc(5): the second field is the program's name and may hold anything; the start is field 22.
  const afterName = stat.slice(stat.lastIndexOf(")") + 1).trim();
  return afterName.split(" ")[19] ?? "0";
}

/**
 * Says whether the process behind `mark` still runs.
 * @returns undefined when `mark` is no mark
 */
export async function ownerState(mark: string): Promise<OwnerState | undefined> {
  const parts = MARK.exec(mark);
  if (!parts) return undefined;
  const self = await ownMark();
  if (mark === self) return "self";
  const [, place, pidText, start] = parts;
  if (place !== self.split("-")[0]) return "elsewhere";
  const pid = Number(pidText);
  return processExists(pid) && (await startOf(pid)) === start ? "alive" : "dead";
}

function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it runs, under another user.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
