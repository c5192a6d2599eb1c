import { type Addon, loadAddon } from "../../src/engine/addon.js";
import { cpuModules } from "../../src/engine/modules.js";

/** Set, windows are decoded together: `kernels`: by our own; `ggml`: as on a GPU (`native/with-kernels.test.ts`, `with-ggml-batch.test.ts`). */
export const BATCH_BY = "SOTTO_TEST_BATCH_BY";

/** The addon with the CPU variant loaded that ggml itself would take; the engine process chooses by trying. */
export function addonWithCpu(): Addon {
  const addon = loadAddon();
  const byScore = cpuModules()
    .map(({ path }) => ({ path, score: addon.backendScore(path) }))
    .sort((a, b) => b.score - a.score);
  const [best] = byScore;
  if (!best || best.score === 0) throw new Error("no variant for this processor is built");
  addon.loadBackend(best.path);
  const [name] = addon.kernelNames();
  const by = process.env[BATCH_BY];
  if (by === undefined || (by === "kernels" && name === undefined)) return addon;
  // A session keeps its window until it is cleared, and some tests hold several.
  const batch = { kernels: by === "kernels" ? (name ?? "") : "", threads: 2, windows: 16 };
  return { ...addon, openModel: (path, device) => addon.openModel(path, device, device === "" ? batch : undefined) };
}
