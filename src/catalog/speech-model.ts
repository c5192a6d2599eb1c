import { readFileSync } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { fileStamp } from "../core/file-stamp.js";
import { packageRoot } from "../core/package-root.js";
import { checkInstallNote } from "./install-note.js";
import { readSpeechFile } from "./speech-file.js";

/** Where the weights that find speech come from, and what they must come to: `speech` in `models/catalog.json`. */
export interface SpeechEntry {
  id: string;
  file: string;
  bytes: number;
  sha256: string;
  /** Of Silero VAD; stands in the file. */
  version: readonly number[];
  /** An npm package that carries them as an ONNX model; nothing else of it is used. */
  package: { source: string; file: string; bytes: number; sha512: string; member: string };
}

let entry: SpeechEntry | undefined;

export function speechEntry(): SpeechEntry {
  entry ??= (JSON.parse(readFileSync(join(packageRoot(), "models", "catalog.json"), "utf8")) as { speech: SpeechEntry })
    .speech;
  return entry;
}

/** A folder of its own: among the models of speech it would be a damaged one. */
export function speechModelPath(modelsFolder: string): string {
  return join(modelsFolder, "speech", speechEntry().file);
}

/** `missing`: nobody installed it; `broken`: the file there is not to be opened. */
export type SpeechModelState =
  | { state: "installed"; path: string; stamp: string; version: string }
  | { state: "missing" }
  | { state: "broken"; reason: string };

/** The installed weights, looked up anew at every call and walked when their file has changed. */
export class SpeechModel {
  readonly path: string;
  #walked: { stamp: string; found: SpeechModelState } | undefined;

  constructor(modelsFolder: string) {
    this.path = speechModelPath(modelsFolder);
  }

  async find(): Promise<SpeechModelState> {
    const status = await stat(this.path).catch(() => undefined);
    if (!status) return { state: "missing" };
    const stamp = fileStamp(status);
    if (this.#walked?.stamp !== stamp) this.#walked = { stamp, found: await this.#walk(stamp) };
    return this.#walked.found;
  }

  async #walk(stamp: string): Promise<SpeechModelState> {
    try {
      const { version } = await readSpeechFile(this.path);
      await checkInstallNote(this.path);
      return { state: "installed", path: this.path, stamp, version };
    } catch (error) {
      return { state: "broken", reason: (error as Error).message };
    }
  }
}
