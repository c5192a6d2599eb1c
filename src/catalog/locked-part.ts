import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { isStorageFull } from "../core/disk.js";
import { INTERRUPTED } from "./download.js";
import { ModelError } from "./model-error.js";
import { lockModel } from "./model-lock.js";
import { PartFile } from "./part-file.js";
import { modelStorageFull } from "./storage-full.js";

/**
 * Pulls the file at `path` with nobody else at it: its folder is made, and what came so far is given away where the disk is full.
 * @param pull has the `.part` file beside `path`, with what an interrupted pull left behind
 * @throws ModelError when `signal` broke it off, and what `pull` throws; SottoError `storage_full`
 */
export async function withLockedPart<Pulled>(
  path: string,
  signal: AbortSignal | undefined,
  pull: (part: PartFile) => Promise<Pulled>,
): Promise<Pulled> {
  const part = new PartFile(path);
  try {
    await mkdir(dirname(path), { recursive: true });
    const unlock = await lockModel(path);
    try {
      return await pull(part);
    } finally {
      await unlock();
    }
  } catch (error) {
    if (signal?.aborted && !(error instanceof ModelError)) throw new ModelError(INTERRUPTED, { cause: error });
    if (!isStorageFull(error)) throw error;
    await part.remove();
    throw modelStorageFull(error);
  }
}
