import { type Addon, loadAddon } from "../../src/engine/addon.js";
import { cpuModules } from "../../src/engine/modules.js";

/** Set, models are computed by our own kernels where these suit them: `native/with-kernels.test.ts`. */
export const WITH_KERNELS = "SOTTO_TEST_WITH_KERNELS";

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
  if (process.env[WITH_KERNELS] === undefined || name === undefined) return addon;
  // A session keeps its window until it is cleared, and some tests hold several.
  const kernels = { name, threads: 2, windows: 16 };
  return { ...addon, openModel: (path, device) => addon.openModel(path, device, device === "" ? kernels : undefined) };
}
