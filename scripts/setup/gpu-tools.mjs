import { existsSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "./failure.mjs";
import { findProgram } from "./find-program.mjs";

/** The GPU backends of ggml that Sotto builds. */
export const GPU_BACKENDS = ["vulkan", "cuda", "metal"];

/** Where CUDA's installer puts its compiler when it does not put it on PATH. */
const CUDA_COMPILER = "/usr/local/cuda/bin/nvcc";

/**
 * Refuses to begin a build of many minutes that could not end.
 * @param {string[]} backends
 * @param {NodeJS.ProcessEnv} [env]
 */
export function demandGpuTools(backends, env = process.env) {
  for (const backend of backends) {
    if (!GPU_BACKENDS.includes(backend)) {
      throw new Failure(`Expected --backend ${GPU_BACKENDS.join(" or ")}, came ${backend}.`);
    }
    const missing = whatIsMissing(backend, env);
    if (missing) throw new Failure(`The ${backend} module needs ${missing}`);
  }
}

/** @param {string} backend @param {NodeJS.ProcessEnv} env */
function whatIsMissing(backend, env) {
  if (backend === "metal") return process.platform === "darwin" ? undefined : "a Mac.";
  if (backend === "cuda") {
    const hasCompiler = Boolean(findProgram("nvcc", env)) || existsSync(CUDA_COMPILER);
    return hasCompiler ? undefined : "nvcc of NVIDIA's CUDA toolkit: https://developer.nvidia.com/cuda-downloads";
  }
  const headers = ["/usr/include", "/usr/local/include", join(env.VULKAN_SDK ?? "/nowhere", "include")];
  const hasHeaders = headers.some((folder) => existsSync(join(folder, "vulkan/vulkan.hpp")));
  return hasHeaders && findProgram("glslc", env)
    ? undefined
    : "Vulkan's headers and glslc: on Debian `apt-get install libvulkan-dev glslc spirv-headers`, elsewhere https://vulkan.lunarg.com";
}
