import { access, rm, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { removeInstallNote } from "./install-note.js";
import { ModelError } from "./model-error.js";
import { isModelId, modelFileName } from "./model-id.js";
import { lockModel } from "./model-lock.js";
import type { ModelStore } from "./model-store.js";
import { PartFile } from "./part-file.js";
import { speechEntry, speechModelPath } from "./speech-model.js";

/**
 * Removes a model that was pulled or imported, a damaged one too, and what an interrupted pull left of it.
 * @throws ModelError when there is none, or it came with Sotto
 */
export async function removeModel(store: ModelStore, id: string): Promise<void> {
  if (id === speechEntry().id) return removeSpeechModel(speechModelPath(store.folder));
  const { models, broken } = await store.scan();
  const present = [...models, ...broken].find((model) => model.id === id);
  const isBundled =
    present && (dirname(present.path) !== store.folder || ("demonstration" in present && present.demonstration));
  if (isBundled) {
    throw new ModelError(`${id} comes with Sotto and stays.`);
  }
  const path = present?.path ?? join(store.folder, modelFileName(id));
  const part = new PartFile(path);
  const hasPart = isModelId(id) && (await exists(part.path));
  if (!present && !hasPart) {
    const installed = models.map((model) => model.id).join(", ") || "none";
    throw new ModelError(`The model '${id}' is not installed. Installed: ${installed}.`);
  }
  const unlock = await lockModel(path);
  try {
    if (present) await unlink(path);
    await removeInstallNote(path);
    await part.remove();
  } finally {
    await unlock();
  }
}

/** The weights that find speech; the detector that needs none then serves. */
async function removeSpeechModel(path: string): Promise<void> {
  const part = new PartFile(path);
  if (!(await exists(path)) && !(await exists(part.path))) {
    throw new ModelError(`${speechEntry().id} is not installed.`);
  }
  const unlock = await lockModel(path);
  try {
    await rm(path, { force: true });
    await removeInstallNote(path);
    await part.remove();
  } finally {
    await unlock();
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
