import { sottoError } from "../core/errors.js";
import type { TranscribeRequest } from "../core/request.js";
import { chooseDefault } from "./default-model.js";
import type { InstalledModel, ModelStore } from "./model-store.js";

/**
 * The model for a request. Where it allows no quantization and an unquantized model is installed, a quantized one is
 * refused when the client named it, and otherwise passed over.
 * @throws SottoError `model_not_found`, `invalid_value`
 */
export async function chooseModel(
  store: Pick<ModelStore, "find" | "list">,
  { model: name, allowQuantization }: Pick<TranscribeRequest, "model" | "allowQuantization">,
): Promise<InstalledModel> {
  const found = await store.find(name);
  if (allowQuantization || !isQuantized(found)) return found;
  const unquantized = (await store.list()).filter((model) => !isQuantized(model) && !model.demonstration);
  const other = chooseDefault(unquantized);
  if (!other) return found;
  if (name !== found.id) return other;
  const details = {
    name: "allow_quantization",
    expected: `true for the model '${found.id}' (${found.quantization}), or another model (unquantized: ${unquantized.map(({ id }) => id).join(", ")})`,
    received: "'false'",
  };
  throw sottoError("invalid_value", details, { param: "allow_quantization" });
}

function isQuantized({ quantization }: InstalledModel): boolean {
  return quantization !== "f16" && quantization !== "f32";
}
