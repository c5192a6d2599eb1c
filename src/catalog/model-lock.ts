import { FileLockedError, lockFile } from "../core/file-lock.js";
import { ModelError } from "./model-error.js";

/**
 * Takes the lock on a model's file, so that two pulls never write one `.part`.
 * @returns the function that gives it back
 * @throws ModelError when a living process holds it
 */
export async function lockModel(modelPath: string): Promise<() => Promise<void>> {
  try {
    return await lockFile(modelPath);
  } catch (error) {
    if (!(error instanceof FileLockedError)) throw error;
    const message = `${error.holder} is writing this model at the moment. Wait until it is done.`;
    throw new ModelError(message, { retryable: true });
  }
}
