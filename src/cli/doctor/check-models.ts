import type { InstalledModel, ModelStore } from "../../catalog/model-store.js";
import { defaultMemoryLimitBytes } from "../../core/memory.js";
import { engineBytes } from "../../engine/engine-memory.js";
import { type Finding, readableBytes } from "./finding.js";

/** @param workers each has a session of its own */
export async function checkModels(
  store: ModelStore,
  workers: number,
  limitBytes = defaultMemoryLimitBytes(),
): Promise<{ finding: Finding; model?: InstalledModel }> {
  const { models, broken } = await store.scan();
  const details = models.map(
    (model) =>
      `${model.id.padEnd(15)} ${readableBytes(engineBytes(model, workers))} in memory: file ${readableBytes(model.bytes)}, each worker ${readableBytes(model.sessionBytes)}`,
  );
  for (const { id, reason } of broken) details.push(`${id.padEnd(15)} broken: ${reason}`);
  let model: InstalledModel;
  try {
    model = await store.find(undefined);
  } catch (error) {
    return { finding: { state: "fail", subject: "models", text: (error as Error).message, details } };
  }
  const text = `default: ${model.id}`;
  if (engineBytes(model, workers) > limitBytes) {
    const remedy = "choose a smaller one with --model, fewer --workers, or raise --memory-limit";
    return { finding: { state: "fail", subject: "models", text: `${text}, which does not fit`, details, remedy } };
  }
  if (model.demonstration) {
    const remedy = `it knows ${model.demonstration}; for a real one: npx sotto models pull base-q8_0`;
    return { finding: { state: "note", subject: "models", text, details, remedy }, model };
  }
  return { finding: { state: "ok", subject: "models", text, details }, model };
}
