import { join } from "node:path";
import { packageRoot } from "../../src/core/package-root.js";

/** The small model that the repository carries. */
export const MODEL_PATH = join(packageRoot(), "models", "ggml-sotto-mini.bin");
export const MODEL_ID = "sotto-mini";
