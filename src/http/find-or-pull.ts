import { chooseModel } from "../catalog/choose-model.js";
import type { ModelPuller } from "../catalog/model-puller.js";
import type { InstalledModel, ModelStore } from "../catalog/model-store.js";
import { SottoError } from "../core/errors.js";
import type { TranscribeRequest } from "../core/request.js";
import type { RequestHold } from "./request-hold.js";

interface FindingParts {
  store: ModelStore;
  /** undefined: what is not here is not pulled. */
  puller: ModelPuller | undefined;
  hold: Pick<RequestHold, "stepAside" | "stepBack">;
}

/**
 * The model of a request, pulled if need be; while it waits for that it stands in nobody's way.
 * @throws SottoError `model_not_found`, `invalid_value`, `storage_full`; the signal's reason
 */
export async function findOrPull(
  parsed: TranscribeRequest,
  { store, puller, hold }: FindingParts,
  signal: AbortSignal,
): Promise<InstalledModel> {
  try {
    return await chooseModel(store, parsed);
  } catch (error) {
    const isMissing = error instanceof SottoError && error.code === "model_not_found";
    if (!isMissing || !puller || !parsed.model || !puller.knows(parsed.model)) throw error;
    hold.stepAside();
    try {
      if (!(await puller.fetch(parsed.model, signal))) throw error;
    } finally {
      hold.stepBack();
    }
    return chooseModel(store, parsed);
  }
}
