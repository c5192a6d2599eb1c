import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { type Checksum, checksumMismatch, fileChecksum } from "./checksum.js";
import { removeInstallNote, writeInstallNote } from "./install-note.js";
import { ModelError } from "./model-error.js";
import { ModelFileError } from "./model-file-error.js";

export interface InstallOptions<Facts> {
  partPath: string;
  path: string;
  /** The published checksum, where there is one, or that of the file it was copied from. */
  checksum: Checksum | undefined;
  onHashed?: (byteCount: number) => void;
  signal?: AbortSignal | undefined;
  /** Walks a file of its kind, from the first byte to the last. */
  walk: (path: string) => Promise<Facts>;
}

/**
 * Proves a complete `.part` file and puts it in its place: checksum, the walk, fsync, rename. Nobody ever sees half a
 * model under its name. A file found wrong is deleted.
 * @throws ModelError saying what was expected and what came
 */
export async function installPart<Facts>(options: InstallOptions<Facts>): Promise<Facts> {
  const { partPath, path } = options;
  let facts: Facts;
  try {
    facts = await prove(options);
  } catch (error) {
    if (!(error instanceof ModelError || error instanceof ModelFileError)) throw error;
    await rm(partPath, { force: true });
    throw new ModelError(`${error.message} What had come was deleted.`, { cause: error });
  }
  await flush(partPath);
  // Before: whatever breaks off here, no note speaks of another file.
  await removeInstallNote(path);
  await rename(partPath, path);
  if (options.checksum) await writeInstallNote(path, options.checksum);
  // Without this a power cut may bring the old name back; some file systems refuse it for folders.
  await flush(dirname(path)).catch(() => {});
  return facts;
}

async function prove<Facts>({ partPath, checksum, onHashed, signal, walk }: InstallOptions<Facts>): Promise<Facts> {
  if (checksum) {
    const received = await fileChecksum(partPath, checksum.algorithm, onHashed, signal);
    if (received !== checksum.hex) throw new ModelError(checksumMismatch(checksum, received));
  }
  return walk(partPath);
}

async function flush(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
