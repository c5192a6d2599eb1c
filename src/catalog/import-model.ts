import { constants, copyFile, mkdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { isStorageFull } from "../core/disk.js";
import { catalogEntry } from "./catalog.js";
import { fileChecksum, publishedChecksum } from "./checksum.js";
import { installPart } from "./install-part.js";
import { ModelError } from "./model-error.js";
import { readModelFile } from "./model-file.js";
import { ModelFileError } from "./model-file-error.js";
import { isModelId, modelFileName, modelIdOf } from "./model-id.js";
import { lockModel } from "./model-lock.js";
import type { ModelStore } from "./model-store.js";
import { PartFile } from "./part-file.js";
import { looksLikeSpeechFile, readSpeechFile } from "./speech-file.js";
import { speechEntry, speechModelPath } from "./speech-model.js";
import { modelStorageFull } from "./storage-full.js";

export interface ImportResult {
  id: string;
  /** The same file was there before. */
  alreadyInstalled: boolean;
  /** How it stands to the catalog's model of that id: the same bytes, others, or nothing to compare with. */
  published: "same" | "different" | "unknown";
}

/**
 * Copies a local ggml file among the installed models under its own name.
 * @throws ModelError when the file is no usable model, or another one has its id; SottoError `storage_full`
 */
export async function importModel(store: ModelStore, file: string): Promise<ImportResult> {
  if (await looksLikeSpeechFile(file)) return importSpeechModel(store.folder, file);
  const id = modelIdOf(basename(file));
  if (!isModelId(id)) {
    throw new ModelError(
      `The file's name may hold letters, digits, '.', '_' and '-'; '${id}' would be its id. Rename it.`,
    );
  }
  await readModelFile(file).catch(refuse);
  const digest = await fileChecksum(file, "sha256");
  const result = { id, published: await comparePublished(id, file, digest) };

  const present = (await store.list()).find((model) => model.id === id);
  if (present) {
    if ((await fileChecksum(present.path, "sha256")) === digest) return { ...result, alreadyInstalled: true };
    throw new ModelError(
      `Another model with the id ${id} is installed. Rename the file, or remove that one: npx sotto models rm ${id}`,
    );
  }
  await copyIn(join(store.folder, modelFileName(id)), file, { digest, walk: readModelFile });
  return { ...result, alreadyInstalled: false };
}

/** Whatever its name: there is one. */
async function importSpeechModel(modelsFolder: string, file: string): Promise<ImportResult> {
  const { id, sha256 } = speechEntry();
  await readSpeechFile(file).catch(refuse);
  const path = speechModelPath(modelsFolder);
  const digest = await fileChecksum(file, "sha256");
  const published = digest === sha256 ? "same" : "different";
  const present = await fileChecksum(path, "sha256").catch(() => undefined);
  if (present !== undefined && present !== digest) {
    throw new ModelError(`Another file of ${id} is installed. Remove it first: npx sotto models rm ${id}`);
  }
  if (present === undefined) await copyIn(path, file, { digest, walk: readSpeechFile });
  return { id, published, alreadyInstalled: present !== undefined };
}

async function copyIn(
  path: string,
  file: string,
  { digest, walk }: { digest: string; walk: (path: string) => Promise<unknown> },
): Promise<void> {
  const part = new PartFile(path);
  try {
    await mkdir(dirname(path), { recursive: true });
    const unlock = await lockModel(path);
    try {
      await part.remove();
      await copyFile(file, part.path, constants.COPYFILE_FICLONE);
      const checksum = { algorithm: "sha256", hex: digest } as const;
      await installPart({ partPath: part.path, path, checksum, walk });
    } finally {
      await unlock();
    }
  } catch (error) {
    if (!isStorageFull(error)) throw error;
    await part.remove();
    throw modelStorageFull(error);
  }
}

function refuse(error: unknown): never {
  throw error instanceof ModelFileError ? new ModelError(error.message, { cause: error }) : error;
}

async function comparePublished(id: string, file: string, sha256: string): Promise<ImportResult["published"]> {
  const checksum = publishedChecksum(catalogEntry(id));
  if (!checksum) return "unknown";
  const digest = checksum.algorithm === "sha256" ? sha256 : await fileChecksum(file, checksum.algorithm);
  return digest === checksum.hex ? "same" : "different";
}
