import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "./failure.mjs";
import { findProgram, withCargoFolder } from "./find-program.mjs";
import { findPackageManager, howToGet } from "./package-manager.mjs";
import { ROOT } from "./root.mjs";
import { isAtLeast, isInRange, parseVersion } from "./version.mjs";

/**
 * @typedef {{ what: string, programs: string[], minimum?: string, remedy: string }} Tool
 *   `programs`: any one of them will do, the first that is found.
 */

/**
 * The programs that a step of the set-up calls.
 * @param {{ packages: boolean, addon: boolean }} steps
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Tool[]}
 */
export function neededTools(steps, env = process.env) {
  const manager = findPackageManager(env);
  const isRoot = process.getuid?.() === 0;
  /** @type {Tool[]} */
  const tools = [];
  if (steps.packages && !env.npm_execpath) {
    tools.push({ what: "npm", programs: ["npm"], remedy: "it comes with Node: https://nodejs.org" });
  }
  if (steps.addon) {
    const compiler = howToGet("compiler", manager, isRoot);
    const cargoMinimum = quoted(/rust-version = "([\d.]+)"/, "native/Cargo.toml");
    const cmakeMinimum = quoted(/cmake_minimum_required\(VERSION ([\d.]+)/, "native/CMakeLists.txt");
    tools.push(
      { what: "a C compiler", programs: [firstWord(env.CC) || "cc"], remedy: compiler },
      { what: "a C++ compiler", programs: [firstWord(env.CXX) || "c++"], remedy: compiler },
      { what: "cmake", programs: ["cmake"], minimum: cmakeMinimum, remedy: howToGet("cmake", manager, isRoot) },
      { what: "make or ninja", programs: ["make", "ninja"], remedy: howToGet("make", manager, isRoot) },
      { what: "cargo", programs: ["cargo"], minimum: cargoMinimum, remedy: "https://rustup.rs" },
    );
  }
  return tools;
}

/**
 * One line for each tool that is missing or too old.
 * @param {Tool[]} tools
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {string[]}
 */
export function missingTools(tools, env = process.env) {
  const searched = withCargoFolder(env);
  const lines = [];
  for (const { what, programs, minimum, remedy } of tools) {
    const path = programs.map((name) => findProgram(name, searched)).find(Boolean);
    if (!path) {
      lines.push(`  ${what}${minimum ? ` ${minimum} or newer` : ""} (looked for: ${programs.join(", ")}): ${remedy}`);
    } else if (minimum) {
      const asked = spawnSync(path, ["--version"], { env: searched, encoding: "utf8" });
      const version = parseVersion(asked.stdout ?? "");
      const needed = parseVersion(minimum);
      if (!version || (needed && !isAtLeast(version, needed))) {
        const came = version ? version.join(".") : `no version from ${path}`;
        lines.push(`  ${what} ${minimum} or newer (found ${came}): ${remedy}`);
      }
    }
  }
  return lines;
}

/**
 * Refuses to start a set-up that could not end, with everything that is missing at once.
 * @param {{ packages: boolean, addon: boolean }} steps
 */
export function requireTools(steps) {
  const missing = [...new Set(missingTools(neededTools(steps)))];
  if (missing.length > 0) {
    throw new Failure(`Setting up needs programs that are not here:\n${missing.join("\n")}\nThen run this again.`);
  }
}

export function requireNode() {
  const range = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")).engines.node;
  if (!isInRange(process.version, range)) {
    throw new Failure(`Expected Node ${range}, came ${process.version}. Get one of those from https://nodejs.org`);
  }
}

/** @param {string | undefined} command e.g. the `CXX` of someone who uses ccache: `ccache g++` */
function firstWord(command) {
  return command?.trim().split(/\s+/)[0];
}

/**
 * The smallest version that a build file asks for, so that it is written down once.
 * @param {RegExp} pattern
 * @param {string} path
 */
function quoted(pattern, path) {
  return pattern.exec(readFileSync(join(ROOT, path), "utf8"))?.[1];
}
