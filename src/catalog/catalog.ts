import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { LanguageCode } from "../core/languages.js";
import { packageRoot } from "../core/package-root.js";

/** Where whisper.cpp publishes its models (upstream `models/download-ggml-model.sh`). */
export const DEFAULT_SOURCE = "https://huggingface.co/ggerganov/whisper.cpp/resolve/main";

/** What is known of a public model before it is on disk. A fact that nobody published is left out. */
export interface CatalogEntry {
  id: string;
  /** Name of the file at the source and on disk. */
  file: string;
  bytes?: number;
  sha256?: string;
  /** Known where no SHA-256 is. */
  sha1?: string;
  /** Those it was trained on, where they are fewer than its vocabulary has tokens for. */
  languages: "multilingual" | "en" | readonly LanguageCode[];
  /** `f16`, or the name of the quantization: `q5_1`, `q8_0` … */
  quantization?: string;
  /** Parameters in millions, as openai/whisper's README rounds them. */
  parametersM?: number;
  /** URL prefix, where it is not {@link DEFAULT_SOURCE}. */
  source?: string;
  /** Comes with Sotto instead of being pulled. */
  bundled?: boolean;
  /** Shows that everything works, but is of no use beyond `knows`. */
  demonstration?: boolean;
  knows?: string;
}

let entries: readonly CatalogEntry[] | undefined;

/** The models that Sotto knows by name: `models/catalog.json`, smallest first. */
export function catalog(): readonly CatalogEntry[] {
  entries ??= (
    JSON.parse(readFileSync(join(packageRoot(), "models", "catalog.json"), "utf8")) as { models: CatalogEntry[] }
  ).models;
  return entries;
}

export function catalogEntry(id: string): CatalogEntry | undefined {
  return catalog().find((entry) => entry.id === id);
}
