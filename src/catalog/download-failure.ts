import { isStorageFull } from "../core/disk.js";
import { SottoError } from "../core/errors.js";
import { ModelError } from "./model-error.js";

/** Answers after which the same question may be answered otherwise. */
const RETRYABLE_STATUSES = new Set([408, 425, 429, 500, 502, 503, 504]);

/** Failures that the next seconds will not mend: a wrong name, a wrong certificate, a disk that may not be written. */
const LASTING_CODES =
  /^(ENOTFOUND|EACCES|EPERM|EROFS|EIO|ERR_TLS_.*|CERT_.*|DEPTH_ZERO_.*|SELF_SIGNED_.*|UNABLE_TO_.*)$/;

/** What a reply without a file means. */
export function httpFailure(status: number, url: string): ModelError {
  if (status === 404 || status === 401 || status === 403) {
    const meaning = status === 404 ? "has no such file" : "does not give this file away";
    return new ModelError(`The source ${meaning} (status ${status}): ${url}`);
  }
  return new ModelError(`Expected the file from ${url}, but the source answered with status ${status}.`, {
    retryable: RETRYABLE_STATUSES.has(status),
  });
}

/**
 * Turns what fetch, the body's stream or the disk threw into an error with a reason; a full disk is left as it is.
 * @param idleMs how long nothing came, when that is why the transfer was ended
 */
export function transportFailure(error: unknown, url: string, idleMs: number | undefined): unknown {
  if (error instanceof ModelError || error instanceof SottoError || isStorageFull(error)) return error;
  if (idleMs !== undefined) {
    return new ModelError(`The source sent nothing for ${idleMs / 1000} s.`, { cause: error, retryable: true });
  }
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  const reason = code || (cause instanceof Error ? cause.message : String(cause));
  const retryable = !LASTING_CODES.test(code);
  const remedy = retryable
    ? ""
    : " For another source: --source URL or folder; for a file: npx sotto models import FILE";
  return new ModelError(`The transfer from ${new URL(url).host} failed (${reason}).${remedy}`, {
    cause: error,
    retryable,
  });
}
