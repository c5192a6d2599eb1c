import { totalmem } from "node:os";

export const BYTES_PER_MIB = 1024 * 1024;

/** The rest is for the operating system, ffmpeg, file caches and what a process takes in passing. */
const SHARE_FOR_ENGINES = 0.8;

/** Memory that this process may use: the machine's, or its control group's when that is less. */
export function usableMemoryBytes(): number {
  // Zero, or more than there is, where nothing constrains it.
  const constrained = process.constrainedMemory();
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
}

/** What the engines may take together when nobody says otherwise. */
export function defaultMemoryLimitBytes(): number {
  return Math.floor(usableMemoryBytes() * SHARE_FOR_ENGINES);
}
