import { createHash } from "node:crypto";
import { type FileHandle, open, rm } from "node:fs/promises";
import type { Readable } from "node:stream";
import { writeAll } from "../core/disk.js";
import { type SottoError, sottoError } from "../core/errors.js";
import { buffersUsed } from "../core/young-garbage.js";
import type { SpaceClaim, SpoolSpace } from "./spool-space.js";
import { storageFullOr } from "./storage-full.js";

/** What was written. */
export interface SavedUpload {
  bytes: number;
  /** Of its content, in hexadecimal: two uploads of the same recording are told by it. */
  sha256: string;
}

/** Where an upload goes, and how much of it. */
export interface UploadTarget {
  path: string;
  maxBytes: number;
  /** Of the disk, and what the upload has claimed of it; default: it is written until the disk is full. */
  space?: SpoolSpace | undefined;
  claim?: SpaceClaim | undefined;
  /** How much is still read once the upload is refused; the defaults suit a server. */
  drain?: { maxMs: number; maxBytes: number };
}

/**
 * Most HTTP clients read the answer only once they have sent all of the body, so a refused upload is read on, within
 * these bounds, instead of cutting the connection (https://www.rfc-editor.org/rfc/rfc9112#section-9.6).
 */
const DRAIN = { maxMs: 30_000, maxBytes: 2 * 1024 ** 3 };

/** The disk is asked whether it has room whenever so much was written. */
const BYTES_PER_DEMAND = 1024 ** 2;

/** What Node's streams say when the other side went away. */
const GONE = new Set(["ECONNRESET", "EPIPE", "ERR_STREAM_PREMATURE_CLOSE", "ABORT_ERR"]);

/**
 * Writes `source` to the new file `path`. After a refusal the rest is read and dropped, and no file stays.
 * @throws SottoError `empty_file`, `file_too_large`, `storage_full`, `client_closed`; any other error of `source` as it is
 */
export async function saveUpload(
  source: Readable,
  { path, maxBytes, space, claim, drain = DRAIN }: UploadTarget,
): Promise<SavedUpload> {
  const hash = createHash("sha256");
  let received = 0;
  let sinceDemand = 0;
  let refusal: unknown;
  let drainTimer: NodeJS.Timeout | undefined;
  let file: FileHandle | undefined;

  const refuse = async (reason: unknown) => {
    refusal = reason;
    drainTimer = setTimeout(() => source.destroy(), drain.maxMs);
    await file?.close().catch(() => undefined);
    // At once, not after the drain: the disk may be what ran out.
    await rm(path, { force: true }).catch(() => undefined);
    file = undefined;
  };

  // An error that comes before the loop below listens would end the process; the loop still sees it.
  source.on("error", () => undefined);
  try {
    file = await open(path, "wx", 0o600).catch(async (error) => {
      await refuse(storageFullOr(error));
      return undefined;
    });
    for await (const chunk of source as AsyncIterable<Buffer>) {
      received += chunk.length;
      if (file && received > maxBytes) await refuse(tooLarge(maxBytes, received));
      else if (file) {
        hash.update(chunk);
        await writeAll(file, chunk).catch((error) => refuse(storageFullOr(error)));
        claim?.wrote(chunk.length);
        buffersUsed(chunk.length);
        sinceDemand += chunk.length;
        if (sinceDemand >= BYTES_PER_DEMAND) {
          sinceDemand = 0;
          await space?.demand().catch(refuse);
        }
      }
      if (received > maxBytes + drain.maxBytes) break;
    }
    await file?.close();
  } catch (error) {
    // A source that breaks off while it is drained changes nothing.
    if (refusal === undefined) await refuse(sourceError(error));
  } finally {
    clearTimeout(drainTimer);
  }

  if (refusal === undefined && received === 0) await refuse(sottoError("empty_file", {}, { param: "file" }));
  clearTimeout(drainTimer);
  if (refusal === undefined) return { bytes: received, sha256: hash.digest("hex") };
  throw received > maxBytes ? tooLarge(maxBytes, received) : refusal;
}

function tooLarge(limitBytes: number, actual: number): SottoError {
  return sottoError("file_too_large", { limitBytes, actual }, { param: "file" });
}

function sourceError(error: unknown): unknown {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return GONE.has(code) ? sottoError("client_closed", {}, { cause: error }) : storageFullOr(error);
}
