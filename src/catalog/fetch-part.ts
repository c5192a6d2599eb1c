import { constants, copyFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { type DownloadOptions, download } from "./download.js";
import { ModelError } from "./model-error.js";
import type { PartFile } from "./part-file.js";
import { parseSource } from "./source.js";

export interface FetchOptions extends Omit<DownloadOptions, "url" | "idleTimeoutMs" | "retryDelayMs"> {
  /** URL prefix, or a folder. */
  source: string;
  fileName: string;
  /** How long no byte may come, in milliseconds. */
  idleTimeoutMs?: number | undefined;
  /** Wait before the first retry, in milliseconds. */
  retryDelayMs?: number | undefined;
}

const IDLE_TIMEOUT_MS = 60_000;
const RETRY_DELAY_MS = 1000;

/**
 * Brings a file of a source into its `.part`, from a web server or out of a folder.
 * @throws ModelError; SottoError `storage_full`; UsageError for an unusable source
 */
export async function fetchPart({ source: named, fileName, ...options }: FetchOptions): Promise<void> {
  const source = parseSource(named);
  if (source.kind === "folder") return copyFrom(join(source.path, fileName), options.part, options.onProgress);
  await download({
    ...options,
    url: `${source.prefix}/${fileName}`,
    idleTimeoutMs: options.idleTimeoutMs ?? IDLE_TIMEOUT_MS,
    retryDelayMs: options.retryDelayMs ?? RETRY_DELAY_MS,
  });
}

async function copyFrom(
  origin: string,
  part: PartFile,
  onProgress: (bytes: number, totalBytes: number) => void,
): Promise<void> {
  const status = await stat(origin).catch(() => undefined);
  if (!status?.isFile()) throw new ModelError(`The source has no such file: ${origin}`);
  await part.remove();
  onProgress(0, status.size);
  // A clone takes no space and no time where the file system can; elsewhere this is a copy.
  await copyFile(origin, part.path, constants.COPYFILE_FICLONE);
  onProgress(status.size, status.size);
}
