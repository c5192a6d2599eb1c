import { randomUUID } from "node:crypto";
import { chmod, mkdir, readdir, rm, stat, utimes } from "node:fs/promises";
import { join, resolve } from "node:path";
import { ownerState, ownMark } from "./spool-owner.js";
import { storageFullOr } from "./storage-full.js";

/** How often a server shows that its folders are in use, and looks for those of dead ones. */
const UPKEEP_MS = 60_000;
/** A folder whose owner cannot be looked up from here is stale when it was not touched for that long. */
const UNTOUCHED_MS = 5 * UPKEEP_MS;

/** Recordings are nobody else's business. */
const OWNER_ONLY = 0o700;

/**
 * `<home>/spool`: temporary audio, one folder per request. Several servers may share it; each removes its own folders,
 * and those of servers that died.
 */
export class SpoolFolder implements AsyncDisposable {
  readonly #root: string;
  readonly #open = new Set<WorkFolder>();
  readonly #upkeep: NodeJS.Timeout;

  private constructor(root: string) {
    this.#root = root;
    this.#upkeep = setInterval(() => void this.#keepUp(), UPKEEP_MS).unref();
  }

  /**
   * Makes the spool under `home` if need be and removes what dead servers left there.
   * @throws SottoError `storage_full`; the system's error when the folder cannot be made
   */
  static async create(home: string): Promise<SpoolFolder> {
    const root = resolve(home, "spool");
    try {
      await mkdir(root, { recursive: true, mode: OWNER_ONLY });
    } catch (error) {
      throw storageFullOr(error);
    }
    await chmod(root, OWNER_ONLY).catch(() => undefined);
    await removeStale(root);
    return new SpoolFolder(root);
  }

  /**
   * Makes the folder of one request: `await using work = await spoolFolder.open()`.
   * @throws SottoError `storage_full`
   */
  async open(): Promise<WorkFolder> {
    const path = join(this.#root, `${await ownMark()}-${randomUUID()}`);
    try {
      await mkdir(path, { recursive: true, mode: OWNER_ONLY });
    } catch (error) {
      throw storageFullOr(error);
    }
    const work = new WorkFolder(path, () => this.#open.delete(work));
    this.#open.add(work);
    return work;
  }

  /** What lies in the open folders. */
  async usedBytes(): Promise<number> {
    const sizesIn = async ({ path }: WorkFolder) => {
      const names = await readdir(path).catch(() => []);
      return Promise.all(
        names.map((name) =>
          stat(join(path, name)).then(
            ({ size }) => size,
            () => 0,
          ),
        ),
      );
    };
    const sizes = await Promise.all([...this.#open].map(sizesIn));
    return sizes.flat().reduce((sum, size) => sum + size, 0);
  }

  /** Removes every folder that is still open. Never throws. */
  async close(): Promise<void> {
    clearInterval(this.#upkeep);
    await Promise.all([...this.#open].map((work) => work.remove()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #keepUp(): Promise<void> {
    const now = new Date();
    await Promise.all([...this.#open].map(({ path }) => utimes(path, now, now).catch(() => undefined)));
    await removeStale(this.#root);
  }
}

/** The folder of one request: its upload and its decoded audio. */
export class WorkFolder implements AsyncDisposable {
  readonly path: string;
  readonly #forget: () => void;

  constructor(path: string, forget: () => void) {
    this.path = path;
    this.#forget = forget;
  }

  /** Removes the folder and all in it. May be called again; never throws: what stays is removed at the next start. */
  async remove(): Promise<void> {
    await rm(this.path, { recursive: true, force: true, maxRetries: 3 }).catch(() => undefined);
    this.#forget();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.remove();
  }
}

/** Tail of a folder's name: the random part after the owner's mark. */
const RANDOM_TAIL = /-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

async function removeStale(root: string): Promise<void> {
  const names = await readdir(root).catch(() => []);
  for (const name of names) {
    const path = join(root, name);
    if (await isStale(name, path)) await rm(path, { recursive: true, force: true }).catch(() => undefined);
  }
}

async function isStale(name: string, path: string): Promise<boolean> {
  if (!RANDOM_TAIL.test(name)) return false;
  const state = await ownerState(name.replace(RANDOM_TAIL, ""));
  if (state === "dead") return true;
  if (state !== "elsewhere") return false;
  const touched = await stat(path).catch(() => undefined);
  return touched !== undefined && Date.now() - touched.mtimeMs > UNTOUCHED_MS;
}
