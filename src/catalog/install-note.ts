import { readFile, rm, stat, writeFile } from "node:fs/promises";
import { type Checksum, checksumName, fileChecksum } from "./checksum.js";
import { type ModelFacts, readModelFile } from "./model-file.js";
import { ModelFileError } from "./model-file-error.js";

/** The checksum that a model's file had when it was installed, and by what to tell that it is still that file. */
interface InstallNote extends Checksum {
  stamp: string;
}

/** `<model>.json`, beside the model. A file that somebody put there by hand has none, and nothing is held against it. */
function notePath(modelPath: string): string {
  return `${modelPath}.json`;
}

/** Notes what was proved of a model just installed. It is a help, not a duty: without it nothing is compared. */
export async function writeInstallNote(modelPath: string, { algorithm, hex }: Checksum): Promise<void> {
  const note: InstallNote = { algorithm, hex, stamp: await stampOf(modelPath) };
  await writeFile(notePath(modelPath), JSON.stringify(note)).catch(() => undefined);
}

export async function removeInstallNote(modelPath: string): Promise<void> {
  await rm(notePath(modelPath), { force: true });
}

/**
 * Hashes a model again when its file has changed since it was installed or last hashed; an unchanged one costs the
 * reading of its note.
 * @throws ModelFileError when it is not the file that was installed
 */
export async function checkInstallNote(modelPath: string): Promise<void> {
  const note = await readNote(modelPath);
  if (!note || note.stamp === (await stampOf(modelPath))) return;
  const received = await fileChecksum(modelPath, note.algorithm);
  if (received !== note.hex) throw new ModelFileError(`${checksumName(note)} as installed`, note.hex, received);
  await writeInstallNote(modelPath, note);
}

/** Walks a model's file and holds it against its note. @throws ModelFileError */
export async function readInstalledModel(modelPath: string): Promise<ModelFacts> {
  const facts = await readModelFile(modelPath);
  await checkInstallNote(modelPath);
  return facts;
}

async function readNote(modelPath: string): Promise<InstallNote | undefined> {
  try {
    const note = JSON.parse(await readFile(notePath(modelPath), "utf8")) as InstallNote;
    return ["sha256", "sha1"].includes(note.algorithm) && typeof note.hex === "string" ? note : undefined;
  } catch {
    return undefined;
  }
}

/** Without the inode: a folder that was moved to another disk with its times is not hashed again. */
async function stampOf(path: string): Promise<string> {
  const { size, mtimeMs } = await stat(path);
  return `${size}:${mtimeMs}`;
}
