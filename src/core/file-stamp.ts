import type { Stats } from "node:fs";

/** Tells whether a file is still the one that was looked at, without reading it. */
export function fileStamp({ size, mtimeMs, ino }: Pick<Stats, "size" | "mtimeMs" | "ino">): string {
  return `${size}:${mtimeMs}:${ino}`;
}
