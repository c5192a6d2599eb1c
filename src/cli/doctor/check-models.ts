import type { InstalledModel, ModelStore } from "../../catalog/model-store.js";
import { defaultMemoryLimitBytes } from "../../core/memory.js";
import type { EngineBackend } from "../../engine/backend.js";
import { engineBytes, modelMemory } from "../../engine/engine-memory.js";
import { type Finding, readableBytes } from "./finding.js";

/** @param workers each has a session of its own */
export async function checkModels(
  store: ModelStore,
  workers: number,
  backend: EngineBackend | undefined,
  limitBytes = defaultMemoryLimitBytes(),
): Promise<{ finding: Finding; model?: InstalledModel }> {
  const { models, broken } = await store.scan();
  const used = backend ?? {};
  const details = models.map((model) => {
    const { weightBytes, workerBytes } = modelMemory(model, workers, used);
    const all = readableBytes(engineBytes(model, workers, used));
    return `${model.id.padEnd(15)} ${all} in memory at most: weights ${readableBytes(weightBytes)}, each of ${workers} workers ${readableBytes(workerBytes)}`;
  });
  for (const { id, reason } of broken) details.push(`${id.padEnd(15)} broken: ${reason}`);
  let model: InstalledModel;
  try {
    model = await store.find(undefined);
  } catch (error) {
    return { finding: { state: "fail", subject: "models", text: (error as Error).message, details } };
  }
  const text = `default: ${model.id}`;
  if (engineBytes(model, workers, used) > limitBytes) {
    const remedy = "choose a smaller one with --model, fewer --workers, or raise --memory-limit";
    return { finding: { state: "fail", subject: "models", text: `${text}, which does not fit`, details, remedy } };
  }
  if (model.demonstration) {
    const remedy = `it knows ${model.demonstration}; for a real one: npx sotto models pull base-q8_0`;
    return { finding: { state: "note", subject: "models", text, details, remedy }, model };
  }
  return { finding: { state: "ok", subject: "models", text, details }, model };
}
