import { randomUUID } from "node:crypto";
import { readFile, stat, unlink, utimes, writeFile } from "node:fs/promises";
import { hostname, uptime } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";

/** Another living process holds the lock. */
export class FileLockedError extends Error {
  override readonly name = "FileLockedError";

  /** @param holder who it is, as the first words of a sentence */
  constructor(readonly holder: string) {
    super(`${holder} holds the lock.`);
  }
}

interface Holder {
  pid: number;
  host: string;
  /** Tells two locks of the same process apart. */
  nonce: string;
}

const HEARTBEAT_MS = 30_000;
/** Silence after which a holder on another machine (or in another container) counts as gone. */
const STALE_AFTER_MS = 10 * 60_000;
/** A lock that cannot be read may be one that is being written. */
const WRITING_MS = 5000;

/**
 * Takes the lock on a file that several processes may want to write. A lock whose holder died is taken over.
 * @returns the function that gives it back
 * @throws FileLockedError when a living process holds it
 */
export async function lockFile(path: string): Promise<() => Promise<void>> {
  const lockPath = `${path}.lock`;
  const own: Holder = { pid: process.pid, host: hostname(), nonce: randomUUID() };
  while (!(await tryCreate(lockPath, own))) {
    const text = await readLock(lockPath);
    if (text === undefined) continue;
    const holder = parseHolder(text);
    const state = await stateOf(holder, lockPath);
    if (state === "gone") continue;
    if (state === "alive") {
      throw new FileLockedError(
        holder ? `Process ${holder.pid}${holder.host === own.host ? "" : ` on ${holder.host}`}` : "Another process",
      );
    }
    await takeAway(lockPath, text);
  }
  const heartbeat = setInterval(() => {
    const now = new Date();
    utimes(lockPath, now, now).catch(() => {});
  }, HEARTBEAT_MS);
  heartbeat.unref();
  return async () => {
    clearInterval(heartbeat);
    if ((await readLock(lockPath)) === JSON.stringify(own)) await unlink(lockPath).catch(() => {});
  };
}

/** A change takes some milliseconds; who holds a lock for longer is stuck. */
const TURN_TIMEOUT_MS = 10_000;
const TURN_RETRY_MS = 20;

/**
 * Like {@link lockFile}, but waits while others make their short changes.
 * @throws FileLockedError when one of them takes too long
 */
export async function lockFileInTurn(path: string): Promise<() => Promise<void>> {
  for (const startedMs = performance.now(); ; ) {
    try {
      return await lockFile(path);
    } catch (error) {
      if (!(error instanceof FileLockedError) || performance.now() - startedMs > TURN_TIMEOUT_MS) throw error;
      await sleep(TURN_RETRY_MS * (0.5 + Math.random()));
    }
  }
}

async function tryCreate(lockPath: string, own: Holder): Promise<boolean> {
  try {
    await writeFile(lockPath, JSON.stringify(own), { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** @returns undefined when the lock has just gone */
async function readLock(lockPath: string): Promise<string | undefined> {
  try {
    return await readFile(lockPath, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function parseHolder(text: string): Holder | undefined {
  try {
    return JSON.parse(text) as Holder;
  } catch {
    return undefined;
  }
}

async function stateOf(holder: Holder | undefined, lockPath: string): Promise<"alive" | "dead" | "gone"> {
  const status = await stat(lockPath).catch(() => undefined);
  if (!status) return "gone";
  const silentMs = Date.now() - status.mtimeMs;
  if (!holder) return silentMs < WRITING_MS ? "alive" : "dead";
  if (silentMs > STALE_AFTER_MS) return "dead";
  if (holder.host !== hostname()) return "alive";
  // After a restart of the machine the number may be another program's.
  return silentMs < uptime() * 1000 && isRunning(holder.pid) ? "alive" : "dead";
}

function isRunning(pid: number): boolean {
  if (!Number.isInteger(pid) || pid < 1) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/**
 * Removes a dead holder's lock. Of several who find it dead only one at a time may, and looks again: else the second would
 * remove the lock that the first has put in its place.
 */
async function takeAway(lockPath: string, deadText: string): Promise<void> {
  const guardPath = `${lockPath}.takeover`;
  try {
    await writeFile(guardPath, "", { flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    const guard = await stat(guardPath).catch(() => undefined);
    if (guard && Date.now() - guard.mtimeMs > WRITING_MS) await unlink(guardPath).catch(() => {});
    return;
  }
  try {
    if ((await readLock(lockPath)) === deadText) await unlink(lockPath);
  } finally {
    await unlink(guardPath).catch(() => {});
  }
}
