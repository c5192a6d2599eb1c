import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { Failure } from "./failure.mjs";
import { ROOT } from "./root.mjs";
import { run } from "./run.mjs";
import { say } from "./say.mjs";

/**
 * @typedef {{ version?: string, integrity?: string, optional?: boolean, devOptional?: boolean, os?: string[],
 *   cpu?: string[] }} Locked
 * @typedef {Record<string, Locked>} LockedPackages
 */

/**
 * Why node_modules is not what package-lock.json says, or undefined. npm writes what it installed into
 * node_modules/.package-lock.json as its last step, so an interrupted installation has none.
 * @param {LockedPackages} wanted
 * @param {LockedPackages | undefined} installed
 * @param {{ platform: string, arch: string }} machine
 * @returns {string | undefined}
 */
export function reasonToInstall(wanted, installed, machine = process) {
  if (!installed) return "they are not installed yet";
  for (const [path, entry] of Object.entries(wanted)) {
    const came = installed[path];
    // A package for other machines is rightly absent.
    if (path === "" || (!came && (entry.optional || entry.devOptional))) continue;
    if (!came) return `${packageName(path)} is missing`;
    // Both: packages that the lock's author could not get are there without a hash.
    const otherContent = came.integrity && entry.integrity && came.integrity !== entry.integrity;
    if (came.version !== entry.version || otherContent) return `${packageName(path)} has changed`;
  }
  for (const [path, entry] of Object.entries(installed)) {
    // An optional package that the lock's author could not get, e.g. for another platform, is not in the lock.
    if (!wanted[path] && !entry.optional) return `${packageName(path)} is not wanted any more`;
    if (!allows(entry.os, machine.platform) || !allows(entry.cpu, machine.arch)) {
      return `${packageName(path)} is for another machine`;
    }
  }
  return undefined;
}

/** @returns {string | undefined} */
export function reasonToInstallHere() {
  const wanted = readPackages("package-lock.json");
  if (!wanted) throw new Failure("Expected package-lock.json in the repository, found none. Restore it from git.");
  return reasonToInstall(wanted, readPackages("node_modules/.package-lock.json"));
}

/**
 * `npm install` that leaves the lock alone, not `npm ci`: that one deletes node_modules first, under a server that may
 * be running, and refuses a lock that was written where not every platform's optional packages could be had. What is in
 * the lock is installed as locked, checked against its hash; anything else is refused afterwards, as `npm ci` would.
 * @param {string} reason
 */
export async function installPackages(reason) {
  say(`installing packages (${reason})`);
  const [command, args] = npmCommand();
  // Without --include=dev, NODE_ENV=production would leave out the compilers.
  const options = ["--no-save", "--include=dev", "--no-audit", "--no-fund", "--loglevel=error"];
  const { ok, outcome } = await run(command, [...args, "install", ...options], { cwd: ROOT });
  if (!ok) {
    throw new Failure(
      `npm install ended with ${outcome}; its reason stands above. It needs the network, or a filled npm cache.`,
    );
  }
  const still = reasonToInstallHere();
  if (still) {
    throw new Failure(
      `Expected node_modules to match package-lock.json after npm install, but ${still}. ` +
        "If package.json was edited, run `npm install` to bring the lock in step.",
    );
  }
}

/** The npm that runs this script, if one does, else the one on PATH. @returns {[string, string[]]} */
function npmCommand() {
  const path = process.env.npm_execpath;
  return path && basename(path).startsWith("npm-cli") ? [process.execPath, [path]] : ["npm", []];
}

/** @param {string} path @returns {LockedPackages | undefined} */
function readPackages(path) {
  try {
    return JSON.parse(readFileSync(join(ROOT, path), "utf8")).packages;
  } catch {
    return undefined;
  }
}

/** @param {string} path `node_modules/a/node_modules/b` */
function packageName(path) {
  return path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
}

/** @param {string[] | undefined} list npm's `os` or `cpu`: names, or names to refuse with a `!` @param {string} name */
function allows(list, name) {
  if (!list) return true;
  if (list.includes(`!${name}`)) return false;
  return list.includes(name) || list.every((entry) => entry.startsWith("!"));
}
