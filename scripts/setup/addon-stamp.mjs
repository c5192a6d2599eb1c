import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { variantsFor } from "./cpu-variants.mjs";
import { findProgram } from "./find-program.mjs";
import { hashFiles } from "./hash-files.mjs";
import { ROOT } from "./root.mjs";

/**
 * Everything that an addon depends on, and the modules beside it. It is written beside the addon, and compared before
 * each start.
 * @typedef {{ sources: Record<string, string>, flags: string, platform: string, compiler: string,
 *   variants: string[], backends: string[] }} AddonStamp
 */

/** What napi's command is given; `--locked` is added where there is a Cargo.lock. */
export const BUILD_FLAGS = ["--platform", "--release", "--no-js"];

const SOURCES = ["Cargo.toml", "Cargo.lock", "build.rs", "CMakeLists.txt", "UPSTREAM", "engine", "src"];
const COMPILER_VARIABLES = ["CC", "CXX", "CFLAGS", "CXXFLAGS", "LDFLAGS", "RUSTFLAGS"];

/** Changes in these leave values in CMake's cache that the new build would take for its own. */
const SOURCES_BEHIND_THE_CACHE = ["build.rs", "CMakeLists.txt", "UPSTREAM"];

/**
 * @param {string} [root]
 * @param {{ variants?: string[], backends?: string[] }} [wanted] CPU variants, by default those that this processor
 *   should have, and GPU backends, by default none
 * @returns {AddonStamp}
 */
export function describeAddon(root = ROOT, { variants = variantsFor(), backends = [] } = {}) {
  const variables = COMPILER_VARIABLES.filter((name) => process.env[name]).map(
    (name) => `${name}=${process.env[name]}`,
  );
  return {
    sources: hashFiles(join(root, "native"), SOURCES),
    flags: [...BUILD_FLAGS, ...variables].join(" "),
    platform: [process.platform, process.arch, libcName()].filter(Boolean).join("-"),
    compiler: compilerVersion(),
    variants,
    backends,
  };
}

/**
 * Why an addon must be built again, or undefined.
 * @param {AddonStamp | undefined} built
 * @param {AddonStamp} wanted
 * @returns {string | undefined}
 */
export function reasonToBuild(built, wanted) {
  if (!built) return "it is not built yet";
  const paths = new Set([...Object.keys(built.sources ?? {}), ...Object.keys(wanted.sources)]);
  const changed = [...paths].filter((path) => built.sources?.[path] !== wanted.sources[path]);
  if (changed.length > 0) {
    return `native/${changed[0]} has changed${changed.length > 1 ? `, and ${changed.length - 1} more` : ""}`;
  }
  const missing = [...lacking(built.variants, wanted.variants), ...lacking(built.backends, wanted.backends)];
  if (missing.length > 0) return `it lacks ${missing.join(" and ")}`;
  return reasonToStartOver(built, wanted);
}

/** @param {string[] | undefined} built @param {string[]} wanted */
function lacking(built, wanted) {
  return wanted.filter((name) => !built?.includes(name));
}

/**
 * Why not even the folder of intermediate files can be used: neither cargo nor CMake would notice. Another processor is
 * no reason, since no variant is compiled for the one at hand.
 * @param {AddonStamp | undefined} begun
 * @param {AddonStamp} wanted
 * @returns {string | undefined}
 */
export function reasonToStartOver(begun, wanted) {
  if (!begun) return "nobody knows what it was made for";
  const { platform, compiler, flags } = begun;
  if (platform !== wanted.platform) return `built for ${platform}, this is ${wanted.platform}`;
  // A machine that got the addon ready-made may have no compiler.
  if (wanted.compiler && compiler !== wanted.compiler) return `the compiler has changed: ${wanted.compiler}`;
  if (flags !== wanted.flags) return "the build's flags have changed";
  const changed = SOURCES_BEHIND_THE_CACHE.find((path) => begun.sources?.[path] !== wanted.sources[path]);
  return changed && `native/${changed} has changed`;
}

/** @param {string} path @returns {AddonStamp | undefined} */
export function readStamp(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined; // none, or cut off in the middle
  }
}

/** The first line of `c++ --version`, empty without a compiler. */
function compilerVersion() {
  const [program = "c++", ...args] = (process.env.CXX?.trim() || "c++").split(/\s+/);
  if (!findProgram(program)) return "";
  return (
    spawnSync(program, [...args, "--version"], { encoding: "utf8" })
      .stdout?.split("\n")[0]
      ?.trim() ?? ""
  );
}

/** Addons for glibc do not load with musl. `ldd` is a script or a program that names its library. */
function libcName() {
  if (process.platform !== "linux") return "";
  try {
    return readFileSync("/usr/bin/ldd", "latin1").includes("musl") ? "musl" : "glibc";
  } catch {
    return "glibc";
  }
}
