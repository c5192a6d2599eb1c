import { join } from "node:path";
import { type SottoError, sottoError } from "../core/errors.js";
import { scalar } from "../dialects/form-fields.js";
import type { UrlFetcher } from "../media/fetch-url.js";
import type { Form } from "./read-form.js";

/** Where a request's recording comes from: an upload that has arrived, or a URL. */
export interface RecordingSource {
  /** Two requests with the same one are about the same recording. */
  readonly identity: string;
  /**
   * Says where the recording lies, fetching it first if need be.
   * @throws SottoError see {@link UrlFetcher}; the signal's reason when it aborts
   */
  toFile(signal: AbortSignal): Promise<string>;
}

export interface UrlInput {
  fetcher: UrlFetcher;
  folder: string;
  maxFileBytes: number;
}

export function uploadSource(path: string, sha256: string): RecordingSource {
  return { identity: `sha256:${sha256}`, toFile: async () => path };
}

/**
 * The upload, or the URL in the text fields `file` or `url`.
 * @param input undefined: this service takes no URLs
 * @throws SottoError `missing_file`, `url_not_allowed`, `invalid_value`
 */
export function recordingSource({ upload, fields }: Form, input: UrlInput | undefined): RecordingSource {
  const text = (scalar(fields, "file") ?? scalar(fields, "url"))?.trim();
  if (upload && text && input) throw bothCame();
  if (upload) return upload;
  if (!text) throw missingFile("With curl: -F file=@recording.wav.");
  if (!input || !looksLikeUrl(text)) {
    throw missingFile("The field came as text: give it a file name, as curl does with -F file=@recording.wav.");
  }
  const { href } = input.fetcher.check(text);
  return {
    identity: `url:${href}`,
    toFile: async (signal) => {
      const path = join(input.folder, "fetched");
      await input.fetcher.save(href, { path, maxBytes: input.maxFileBytes }, signal);
      return path;
    },
  };
}

/** A scheme of one letter is a drive. */
function looksLikeUrl(text: string): boolean {
  return /^[a-z][a-z0-9+.-]+:/i.test(text);
}

function missingFile(remedy: string): SottoError {
  return sottoError("missing_file", { remedy }, { param: "file" });
}

function bothCame(): SottoError {
  const details = { name: "url", expected: "either a file or a URL", received: "both" };
  return sottoError("invalid_value", details, { param: "url" });
}
