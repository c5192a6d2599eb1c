import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

let root: string | undefined;

/**
 * The folder of Sotto's package.json: where `models/` and `native/` lie, from whichever folder the compiled code runs.
 * @throws Error when no folder above this file holds it
 */
export function packageRoot(): string {
  root ??= find(dirname(fileURLToPath(import.meta.url)));
  return root;
}

function find(folder: string): string {
  const manifest = join(folder, "package.json");
  if (existsSync(manifest) && (JSON.parse(readFileSync(manifest, "utf8")) as { name?: unknown }).name === "sotto")
    return folder;
  const parent = dirname(folder);
  if (parent === folder) throw new Error("Expected package.json of 'sotto' above the program, but found none.");
  return find(parent);
}
