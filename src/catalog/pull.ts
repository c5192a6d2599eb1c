import { basename, join } from "node:path";
import { closestMatch } from "leven";
import { type CatalogEntry, catalog, catalogEntry, DEFAULT_SOURCE } from "./catalog.js";
import { type Checksum, publishedChecksum } from "./checksum.js";
import { fetchPart } from "./fetch-part.js";
import { checkInstallNote } from "./install-note.js";
import { installPart } from "./install-part.js";
import { withLockedPart } from "./locked-part.js";
import { ModelError } from "./model-error.js";
import { type ModelFacts, readModelFile } from "./model-file.js";
import { isModelId, modelFileName } from "./model-id.js";
import type { PartFile } from "./part-file.js";

export interface PullProgress {
  phase: "transfer" | "verify";
  bytes: number;
  /** Undefined while nobody has said it. */
  totalBytes: number | undefined;
}

export interface PullOptions {
  id: string;
  /** Where the model is to lie; made when it is not there. */
  folder: string;
  /** URL prefix or folder of a mirror; default: where the catalog says. */
  source?: string | undefined;
  onProgress?: (progress: PullProgress) => void;
  signal?: AbortSignal;
  /** How long a transfer may stand still, in milliseconds. */
  idleTimeoutMs?: number;
  /** Wait before the first retry, in milliseconds. */
  retryDelayMs?: number;
}

export interface PullResult {
  path: string;
  facts: ModelFacts;
  /** It was there before, and nothing was fetched. */
  alreadyInstalled: boolean;
  /** What the file was compared with; `structure`: nobody published a checksum. */
  verification: Checksum["algorithm"] | "structure";
}

/**
 * Fetches a model, proves it and puts it in its place. What an interrupted pull left behind is used.
 * @throws ModelError with a reason for the operator; SottoError `storage_full`; UsageError for an unusable source
 */
export async function pullModel(options: PullOptions): Promise<PullResult> {
  const entry = demandEntry(options.id, options.source);
  const path = join(options.folder, entry?.file ?? modelFileName(options.id));
  return withLockedPart(path, options.signal, (part) => pullLocked(options, entry, path, part));
}

/** @returns undefined for a model that only the named mirror knows */
function demandEntry(id: string, source: string | undefined): CatalogEntry | undefined {
  if (!isModelId(id)) {
    throw new ModelError(`Expected a model id of letters, digits, '.', '_' and '-', but received '${id}'.`);
  }
  const entry = catalogEntry(id);
  if (entry?.bundled) throw new ModelError(`${id} comes with Sotto; there is nothing to pull.`);
  if (!entry && source === undefined) {
    const nearest = closestMatch(
      id,
      catalog().map((known) => known.id),
    );
    throw new ModelError(
      `The catalog has no model '${id}'${nearest ? `; did you mean ${nearest}?` : "."} See: npx sotto models list`,
    );
  }
  return entry;
}

async function pullLocked(
  { source: named, onProgress = () => {}, signal, idleTimeoutMs, retryDelayMs }: PullOptions,
  entry: CatalogEntry | undefined,
  path: string,
  part: PartFile,
): Promise<PullResult> {
  const checksum = publishedChecksum(entry);
  const present = await readModelFile(path).catch(() => undefined);
  if (present && entry?.bytes !== undefined && present.bytes !== entry.bytes) {
    throw new ModelError(
      `Another model with the id ${entry.id} is installed (by import?). Remove it first: npx sotto models rm ${entry.id}`,
    );
  }
  const isAsInstalled = await checkInstallNote(path).then(
    () => true,
    () => false,
  );
  if (present && isAsInstalled) return { path, facts: present, alreadyInstalled: true, verification: "structure" };
  await fetchPart({
    source: named ?? entry?.source ?? DEFAULT_SOURCE,
    fileName: basename(path),
    part,
    expectedBytes: entry?.bytes,
    hasChecksum: checksum !== undefined,
    onProgress: (bytes, totalBytes) => onProgress({ phase: "transfer", bytes, totalBytes }),
    signal,
    idleTimeoutMs,
    retryDelayMs,
  });
  const totalBytes = await part.bytes();
  let bytes = 0;
  const onHashed = (byteCount: number) => {
    bytes += byteCount;
    onProgress({ phase: "verify", bytes, totalBytes });
  };
  try {
    const facts = await installPart({ partPath: part.path, path, checksum, onHashed, signal, walk: readModelFile });
    return { path, facts, alreadyInstalled: false, verification: checksum?.algorithm ?? "structure" };
  } finally {
    if (!signal?.aborted) await part.forgetOrigin();
  }
}
