import type { InstalledModel } from "./model-store.js";

/**
 * Among equals in size q8_0 comes first: it hears what f16 hears in half the memory, and on a CPU it is the fastest.
 * Then f16, then fewer and fewer bits, which cost accuracy.
 */
const QUANTIZATION_PREFERENCE = ["q8_0", "f16", "q6_k", "q5_1", "q5_k", "q5_0", "q4_1", "q4_k", "q4_0", "q3_k", "q2_k"];

/**
 * The model that serves when nobody names one: the one with the most parameters, of large-v1 and large-v2 (equals) the
 * later, then by {@link QUANTIZATION_PREFERENCE}; the demonstration model only where there is no other.
 */
export function chooseDefault(models: readonly InstalledModel[]): InstalledModel | undefined {
  const real = models.filter((model) => !model.demonstration);
  return [...(real.length > 0 ? real : models)].sort(byPreference)[0];
}

function byPreference(a: InstalledModel, b: InstalledModel): number {
  return (
    b.parameterCount - a.parameterCount ||
    family(b).localeCompare(family(a)) ||
    rank(a) - rank(b) ||
    a.id.localeCompare(b.id)
  );
}

/** The id without its quantization. */
function family({ id, quantization }: InstalledModel): string {
  return id.endsWith(`-${quantization}`) ? id.slice(0, -quantization.length - 1) : id;
}

function rank({ quantization }: InstalledModel): number {
  return QUANTIZATION_PREFERENCE.indexOf(quantization);
}
