import { sottoError } from "../core/errors.js";
import type { UploadTarget } from "../media/upload.js";

/** A recording that the client named by its URL, and the field that it stood in. */
export interface UrlInput {
  url: string;
  param: string;
}

/** Whether text in place of a file means a URL. */
export function looksLikeUrl(text: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(text.trim());
}

/**
 * Fetches the recording into a new file. The one place where URLs come in: as long as none are fetched, all are refused.
 * @throws SottoError `url_not_allowed`
 */
export async function fetchRecording({ param }: UrlInput, _target: UploadTarget): Promise<void> {
  throw sottoError("url_not_allowed", {}, { param });
}
