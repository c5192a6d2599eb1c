import { readdirSync } from "node:fs";
import { join } from "node:path";
import { nativeFolder } from "./addon.js";

/** A backend of ggml as a library beside the addon. */
export interface BackendModule {
  /** Of a CPU variant (`zen4`) or a GPU backend (`vulkan`). */
  name: string;
  path: string;
}

/** In the order of preference where several would do. */
export const GPU_BACKENDS = ["cuda", "metal", "vulkan"] as const;
export type GpuBackend = (typeof GPU_BACKENDS)[number];

/** Variants for the CPU that are built, by name. */
export function cpuModules(folder = nativeFolder()): BackendModule[] {
  return modules(folder, /^libggml-cpu-(.+)\.(?:so|dylib)$/);
}

/** Modules for GPUs that are built, the preferred first. */
export function gpuModules(folder = nativeFolder()): BackendModule[] {
  const found = modules(folder, new RegExp(`^libggml-(${GPU_BACKENDS.join("|")})\\.(?:so|dylib)$`));
  return GPU_BACKENDS.flatMap((backend) => found.filter(({ name }) => name === backend));
}

function modules(folder: string, pattern: RegExp): BackendModule[] {
  return readdirSync(folder)
    .map((file) => ({ file, name: pattern.exec(file)?.[1] }))
    .filter((found): found is { file: string; name: string } => found.name !== undefined)
    .map(({ file, name }) => ({ name, path: join(folder, file) }));
}
