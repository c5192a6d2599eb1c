import type { Stats } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { type SottoError, sottoError } from "../core/errors.js";
import { fileStamp } from "../core/file-stamp.js";
import { LANGUAGE_CODES, type LanguageCode } from "../core/languages.js";
import { packageRoot } from "../core/package-root.js";
import { type CatalogEntry, catalogEntry } from "./catalog.js";
import { chooseDefault } from "./default-model.js";
import { readInstalledModel } from "./install-note.js";
import { type KernelMemory, kernelMemory } from "./kernel-memory.js";
import { type ModelFacts, readModelFile } from "./model-file.js";
import { isModelId, modelIdOf } from "./model-id.js";
import { batchedWindowBytes, sessionBytes } from "./session-memory.js";

/** A model on disk whose file was walked and found right. */
export interface InstalledModel {
  id: string;
  path: string;
  bytes: number;
  /** Of the file that was walked: another stamp, another file. */
  stamp: string;
  /** Memory that one session of it takes beside the weights. */
  sessionBytes: number;
  /** Memory of each window that a GPU decodes together with others. */
  batchedWindowBytes: number;
  /** Memory where our own kernels compute it; undefined: it does not suit them. */
  kernelMemory: KernelMemory | undefined;
  /** `f16`, or the name of the quantization: `q5_1`, `q8_0` … */
  quantization: string;
  /** Those that it is good for. */
  languages: readonly LanguageCode[];
  /** How many languages of Whisper's table have a token in it; 1: English only. */
  languageCount: number;
  modelType: ModelFacts["modelType"];
  parameterCount: number;
  /** What a model knows that is for demonstration only; undefined for a real one. */
  demonstration: string | undefined;
  /** When the file was written, in seconds since 1970. */
  createdSec: number;
}

/** A file in the models folder that no engine may open. */
export interface BrokenModel {
  id: string;
  path: string;
  bytes: number;
  reason: string;
}

export interface ModelStoreOptions {
  /** Folder of the user's data; models lie in its `models/`. */
  home: string;
  /** Folder of the models that come with Sotto; default: the package's `models/`. */
  bundledFolder?: string;
  /** Id or path that the operator named as the default. */
  configuredModel?: string | undefined;
}

/** Names that clients of the services send: they mean whatever is served here (contract, field `model`). */
const ALIASES = new Set([
  "whisper-1",
  "whisper-large-v3",
  "openai/whisper-large-v3",
  "whisper-large-v3-turbo",
  "gpt-4o-transcribe",
  "gpt-4o-mini-transcribe",
  "gpt-transcribe",
]);

/** What to install where nothing is: quick on any machine, and of use. */
const SUGGESTED_MODEL = "base-q8_0";

/** Longest part of a client's name that is repeated to it. */
const MAX_NAME_CHARACTERS = 100;

/** The models on disk, found anew at every call: what was pulled a moment ago is there. */
export class ModelStore {
  /** Where pulled and imported models lie. */
  readonly folder: string;
  readonly #bundledFolder: string;
  readonly #configuredModel: string | undefined;
  /** Walks by path and by whether it was named, kept while size and time of the file stay. */
  readonly #walks = new Map<string, { stamp: string; facts: Promise<ModelFacts> }>();

  constructor({ home, bundledFolder, configuredModel }: ModelStoreOptions) {
    this.folder = join(home, "models");
    this.#bundledFolder = resolve(bundledFolder ?? join(packageRoot(), "models"));
    this.#configuredModel = configuredModel;
  }

  /** Installed models, smallest first. A file given as the default model is one of them. */
  async list(): Promise<InstalledModel[]> {
    return (await this.scan()).models;
  }

  /** Like {@link list}, with the files that were found wrong. */
  async scan(): Promise<{ models: InstalledModel[]; broken: BrokenModel[] }> {
    const models = new Map<string, InstalledModel>();
    const broken = new Map<string, BrokenModel>();
    for (const path of await this.#paths()) {
      const found = await this.#inspect(path, path === this.#configuredPath());
      if (!found || models.has(found.id)) continue;
      if ("reason" in found) broken.set(found.id, found);
      else models.set(found.id, found);
    }
    return {
      models: [...models.values()].sort((a, b) => a.parameterCount - b.parameterCount || a.id.localeCompare(b.id)),
      broken: [...broken.values()].filter(({ id }) => !models.has(id)),
    };
  }

  /**
   * The model that a client means: an installed id, an alias of the default model, or nothing at all.
   * A path is never looked at.
   * @throws SottoError `model_not_found`
   */
  async find(name: string | undefined): Promise<InstalledModel> {
    if (name === undefined || name === "") return this.defaultModel();
    const { models, broken } = await this.scan();
    const found = models.find(({ id }) => id === name);
    if (found) return found;
    if (ALIASES.has(name)) return this.defaultModel();
    throw notFound(name, models, broken);
  }

  /**
   * The model that the operator means with `--model`: an installed id, or the path of a `.bin` file.
   * @throws SottoError `model_not_found`
   */
  async findForOperator(name: string): Promise<InstalledModel> {
    if (!isPath(name)) {
      const { models, broken } = await this.scan();
      const found = models.find(({ id }) => id === name);
      if (!found) throw notFound(name, models, broken);
      return found;
    }
    const found = await this.#inspect(resolve(name), true);
    if (found && !("reason" in found)) return found;
    const { models } = await this.scan();
    const broken = found ?? { id: basename(name), path: name, bytes: 0, reason: "There is no such file." };
    throw notFound(broken.id, models, [broken]);
  }

  /**
   * The configured model, else the largest installed real one, else the demonstration model.
   * @throws SottoError `model_not_found` when the configured one is not there, or none is
   */
  async defaultModel(configured = this.#configuredModel): Promise<InstalledModel> {
    if (configured !== undefined) return this.findForOperator(configured);
    const { models, broken } = await this.scan();
    const chosen = chooseDefault(models);
    if (!chosen) throw notFound(SUGGESTED_MODEL, models, broken);
    return chosen;
  }

  /** In order of precedence: what the operator named, what the user installed, what came with Sotto. */
  async #paths(): Promise<string[]> {
    const paths = await Promise.all([this.folder, this.#bundledFolder].map(modelPaths));
    const configured = this.#configuredPath();
    return [...(configured === undefined ? [] : [configured]), ...paths.flat()];
  }

  #configuredPath(): string | undefined {
    const configured = this.#configuredModel;
    return configured !== undefined && isPath(configured) ? resolve(configured) : undefined;
  }

  /**
   * @param isNamed the operator gave this very path: then it is what it is, also when another file was installed there
   * @returns undefined when there is no such file
   */
  async #inspect(path: string, isNamed: boolean): Promise<InstalledModel | BrokenModel | undefined> {
    const status = await stat(path).catch(() => undefined);
    if (!status?.isFile()) return undefined;
    const id = modelIdOf(basename(path)).replace(/[^\x21-\x7e]/g, "_");
    const bytes = status.size;
    if (!isModelId(id))
      return { id, path, bytes, reason: "The file's name may hold letters, digits, '.', '_' and '-'." };
    try {
      const facts = await this.#walk(path, status, isNamed);
      return describe(id, path, facts, status, dirname(path) === this.#bundledFolder);
    } catch (error) {
      return { id, path, bytes, reason: (error as Error).message };
    }
  }

  #walk(path: string, status: Stats, isNamed: boolean): Promise<ModelFacts> {
    const stamp = fileStamp(status);
    const key = `${isNamed}:${path}`;
    const known = this.#walks.get(key);
    if (known?.stamp === stamp) return known.facts;
    const facts = isNamed ? readModelFile(path) : readInstalledModel(path);
    this.#walks.set(key, { stamp, facts });
    return facts;
  }
}

function isPath(name: string): boolean {
  return name.endsWith(".bin") || /[/\\]/.test(name);
}

async function modelPaths(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  // `ggml-x.bin` before `x.bin`: both have the id x, and the first is the name that pull and import write.
  const isPlain = (name: string) => Number(!name.startsWith("ggml-"));
  return names
    .filter((name) => name.endsWith(".bin") && !name.startsWith("."))
    .sort((a, b) => isPlain(a) - isPlain(b) || a.localeCompare(b))
    .map((name) => join(folder, name));
}

function describe(id: string, path: string, facts: ModelFacts, status: Stats, isBundled: boolean): InstalledModel {
  const entry = isBundled ? catalogEntry(id) : undefined;
  return {
    id,
    path,
    bytes: facts.bytes,
    stamp: fileStamp(status),
    sessionBytes: sessionBytes(facts),
    batchedWindowBytes: batchedWindowBytes(facts),
    kernelMemory: kernelMemory(facts),
    quantization: facts.quantization,
    languages: languagesOf(facts, entry),
    languageCount: facts.languageCount,
    modelType: facts.modelType,
    parameterCount: facts.parameterCount,
    demonstration: entry?.demonstration ? (entry.knows ?? "next to nothing") : undefined,
    createdSec: Math.floor(status.mtimeMs / 1000),
  };
}

function languagesOf({ languageCount }: ModelFacts, entry: CatalogEntry | undefined): readonly LanguageCode[] {
  if (languageCount === 1 || entry?.languages === "en") return ["en"];
  return entry && entry.languages !== "multilingual" ? entry.languages : LANGUAGE_CODES.slice(0, languageCount);
}

function notFound(name: string, models: readonly InstalledModel[], broken: readonly BrokenModel[]): SottoError {
  const damaged = broken.find(({ id }) => id === name);
  return sottoError(
    "model_not_found",
    {
      model: name.slice(0, MAX_NAME_CHARACTERS),
      installed: models.map(({ id }) => id).join(", ") || "none",
      remedy: damaged ? `Its file is there, but: ${damaged.reason}` : remedy(name),
    },
    { param: "model" },
  );
}

function remedy(name: string): string {
  const entry = catalogEntry(name);
  return entry && !entry.bundled
    ? `Install it: npx sotto models pull ${entry.id}`
    : "See what can be installed: npx sotto models list";
}
