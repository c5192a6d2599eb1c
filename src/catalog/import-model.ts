import { constants, copyFile, mkdir } from "node:fs/promises";
import { basename, join } from "node:path";
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
  await copyIn(store.folder, id, file, digest);
  return { ...result, alreadyInstalled: false };
}

async function copyIn(folder: string, id: string, file: string, digest: string): Promise<void> {
  const path = join(folder, modelFileName(id));
  const part = new PartFile(path);
  try {
    await mkdir(folder, { recursive: true });
    const unlock = await lockModel(path);
    try {
      await part.remove();
      await copyFile(file, part.path, constants.COPYFILE_FICLONE);
      await installPart({ partPath: part.path, path, checksum: { algorithm: "sha256", hex: digest } });
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
