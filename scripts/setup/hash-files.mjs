import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

/** @param {string | Buffer} content */
export function sha256(content) {
  return createHash("sha256").update(content).digest("hex");
}

/**
 * The sha256 of each file under the given files and folders, by its path relative to `root`, with `/`, sorted.
 * @param {string} root
 * @param {string[]} paths a path that does not exist adds nothing
 * @returns {Record<string, string>}
 */
export function hashFiles(root, paths) {
  /** @type {[string, string][]} */
  const hashes = [];
  /** @param {string} path */
  const visit = (path) => {
    const full = join(root, path);
    const status = statSync(full, { throwIfNoEntry: false });
    if (status?.isDirectory()) for (const name of readdirSync(full)) visit(`${path}/${name}`);
    else if (status?.isFile()) hashes.push([path, sha256(readFileSync(full))]);
  };
  for (const path of paths) visit(path);
  // By code unit, not by locale: the order must be the same everywhere.
  return Object.fromEntries(hashes.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}
