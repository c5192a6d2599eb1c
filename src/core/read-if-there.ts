import { readFileSync } from "node:fs";

export type ReadText = (path: string) => string | undefined;

/** A small text of the system's; undefined where there is none, or none that may be read. */
export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
