import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "./failure.mjs";
import { hashFiles, sha256 } from "./hash-files.mjs";
import { ROOT } from "./root.mjs";

/**
 * The pin of whisper.cpp's source. The C++ unit includes whisper.cpp itself and reaches into its private structures, so
 * a source that differs by one byte may compile and be wrong; the build takes only the one that was read and tested.
 */
const PARTS = ["CMakeLists.txt", "include", "src", "ggml", "cmake"];

/**
 * `key: value` lines; `#` begins a comment.
 * @param {string} text
 * @returns {Record<string, string>}
 */
export function parseUpstream(text) {
  const lines = text.split("\n").filter((line) => line.includes(":") && !line.startsWith("#"));
  return Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
    }),
  );
}

/**
 * One hash over the sorted paths and contents of what the addon is compiled from; the same as
 * `find CMakeLists.txt include src ggml cmake -type f | LC_ALL=C sort | xargs -d '\\n' sha256sum | sha256sum`.
 * @param {string} folder of whisper.cpp
 */
export function hashUpstreamTree(folder) {
  const files = Object.entries(hashFiles(folder, PARTS));
  return sha256(files.map(([path, hash]) => `${hash}  ${path}\n`).join(""));
}

/** @param {string} [root] */
export function readUpstream(root = ROOT) {
  const {
    package: name,
    version,
    "whisper.cpp": whisper,
    tree,
    folder,
  } = parseUpstream(readFileSync(join(root, "native/UPSTREAM"), "utf8"));
  if (!name || !version || !whisper || !tree || !folder) {
    throw new Failure("native/UPSTREAM: expected package, version, whisper.cpp, folder and tree. Restore it from git.");
  }
  return { name, version, whisper, tree, folder: join(root, "node_modules", name, folder) };
}

/**
 * Refuses a source other than the pinned one.
 * @param {string} [root] of the repository
 */
export function verifyUpstream(root = ROOT) {
  const { name, version, whisper, tree, folder } = readUpstream(root);
  const manifest = join(root, "node_modules", name, "package.json");
  if (!existsSync(manifest)) {
    throw new Failure(
      `Expected ${name} ${version} in node_modules, found none. Remove node_modules and run: npm start`,
    );
  }
  const came = { version: JSON.parse(readFileSync(manifest, "utf8")).version, tree: hashUpstreamTree(folder) };
  if (came.version === version && came.tree === tree) return;
  throw new Failure(
    [
      `The source of whisper.cpp is not the one that native/UPSTREAM pins (${whisper}).`,
      `  expected  ${name} ${version}, tree ${tree}`,
      `  came      ${name} ${came.version}, tree ${came.tree}`,
      "If nobody meant to change it, restore it: remove node_modules and run npm start",
      "For an upgrade, read what changed in the functions that native/engine uses, then write the new version and the",
      "hash from `node scripts/build-native.mjs --print-upstream` into native/UPSTREAM and run the tests.",
    ].join("\n"),
  );
}
