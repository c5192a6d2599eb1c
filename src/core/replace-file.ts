import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";

const OWNER_ONLY = 0o600;

/**
 * Puts new text in the place of a file, or makes it. Nobody ever sees half a file under its name, nor one that others may
 * read. Whoever calls holds the file's lock.
 */
export async function replaceFile(path: string, text: string): Promise<void> {
  const partPath = `${path}.part`;
  await rm(partPath, { force: true });
  const handle = await open(partPath, "wx", OWNER_ONLY);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(partPath, path);
  const folder = await open(dirname(path), "r");
  // Without this a power cut may bring the old one back; some file systems refuse it for folders.
  await folder.sync().catch(() => {});
  await folder.close();
}
