import { ModelStore } from "../../src/catalog/model-store.js";
import type { EngineModel } from "../../src/schedule/resident-engines.js";
import { temporaryHome } from "./sotto.js";

/** The demonstration model, or the model at `path`, as the engine wants it. */
export async function engineModel(path?: string): Promise<EngineModel> {
  const store = new ModelStore({ home: temporaryHome(), configuredModel: path });
  return store.find(path === undefined ? "sotto-mini" : undefined);
}
