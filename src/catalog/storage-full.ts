import { statfs } from "node:fs/promises";
import { SottoError } from "../core/errors.js";

/** The error `storage_full` in the words that fit a model. */
export function modelStorageFull(cause?: unknown): SottoError {
  const message = "The disk for models is full. Free some space, or point SOTTO_HOME at another disk.";
  return new SottoError("storage_full", message, { cause });
}

/**
 * Says before gigabytes are fetched that they would not fit.
 * @throws SottoError `storage_full`
 */
export async function demandSpace(folder: string, byteCount: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize < byteCount) throw modelStorageFull();
}
