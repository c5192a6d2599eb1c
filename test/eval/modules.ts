import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { packageRoot } from "../../src/core/package-root.js";

/** A module of `scripts/eval`, which is plain JavaScript. */
export async function evalModule<Face>(name: string): Promise<Face> {
  return (await import(pathToFileURL(join(packageRoot(), "scripts/eval", `${name}.mjs`)).href)) as Face;
}

export interface Timed {
  text: string;
  startSec: number;
  endSec?: number;
}

export interface FileScore {
  words: number;
  substitutions: number;
  deletions: number;
  insertions: number;
  alignment: { kind: string; reference?: string; hypothesis?: string }[];
  segmentStartErrorsSec: number[];
  wordStartErrorsSec: number[];
  wordEndErrorsSec: number[];
  speechless: boolean;
  falseWords: number;
}
