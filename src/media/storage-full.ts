import { isStorageFull } from "../core/disk.js";
import { sottoError } from "../core/errors.js";

/** What strerror makes of those two; ffmpeg and fluent-ffmpeg hand on text only. */
const TEXT = /No space left on device|Disk quota exceeded|Disc quota exceeded/i;

/**
 * Turns a full disk into `storage_full` and leaves every other error as it is: `throw storageFullOr(error)`.
 */
export function storageFullOr(error: unknown): unknown {
  return isStorageFull(error) ? sottoError("storage_full", {}, { cause: error }) : error;
}

/** Whether a program's output complains of a full disk. */
export function saysStorageFull(output: string): boolean {
  return TEXT.test(output);
}
