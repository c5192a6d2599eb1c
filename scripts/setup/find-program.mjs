import { accessSync, constants, statSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, isAbsolute, join, resolve } from "node:path";

/**
 * The path of a program as a shell would find it, or undefined.
 * @param {string} name a bare name or a path
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {string | undefined}
 */
export function findProgram(name, env = process.env) {
  if (isAbsolute(name) || name.includes("/")) return isProgram(name) ? resolve(name) : undefined;
  for (const folder of (env.PATH ?? "").split(delimiter)) {
    const path = join(folder || ".", name);
    if (isProgram(path)) return path;
  }
  return undefined;
}

/**
 * PATH with cargo's own folder at its end: rustup puts cargo there, and a shell opened before that does not know.
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {NodeJS.ProcessEnv}
 */
export function withCargoFolder(env = process.env) {
  const folder = join(env.CARGO_HOME || join(homedir(), ".cargo"), "bin");
  return { ...env, PATH: `${env.PATH ?? ""}${delimiter}${folder}` };
}

/** @param {string} path */
function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
