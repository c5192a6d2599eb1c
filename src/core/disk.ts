import type { FileHandle } from "node:fs/promises";

/** No space, and no quota: to the operator the same. */
const FULL = new Set(["ENOSPC", "EDQUOT"]);

/** Whether the operating system refused to write for want of space. */
export function isStorageFull(error: unknown): boolean {
  return error instanceof Error && "code" in error && FULL.has(String(error.code));
}

/**
 * Writes all of `bytes`; `FileHandle.write` alone may write less than it is given.
 * @param position in the file; absent: where the last write ended
 */
export async function writeAll(file: FileHandle, bytes: Uint8Array, position?: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const at = position === undefined ? null : position + done;
    done += (await file.write(bytes, done, bytes.length - done, at)).bytesWritten;
  }
}
