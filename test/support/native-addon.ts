import { type Addon, loadAddon } from "../../src/engine/addon.js";
import { cpuModules } from "../../src/engine/modules.js";

/** The addon with the CPU variant loaded that ggml itself would take; the engine process chooses by trying. */
export function addonWithCpu(): Addon {
  const addon = loadAddon();
  const byScore = cpuModules()
    .map(({ path }) => ({ path, score: addon.backendScore(path) }))
    .sort((a, b) => b.score - a.score);
  const [best] = byScore;
  if (!best || best.score === 0) throw new Error("no variant for this processor is built");
  addon.loadBackend(best.path);
  return addon;
}
