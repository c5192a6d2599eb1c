import { join } from "node:path";
import { SottoError, sottoError } from "../core/errors.js";
import type { Dialect } from "../dialects/dialect.js";
import { wrongValue } from "../dialects/field-value.js";
import { gather } from "../dialects/form-fields.js";
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

/** Text that came where a recording may be named, and the field that it came in. */
interface SentText {
  param: "file" | "url";
  text: string;
}

export function uploadSource(path: string, sha256: string): RecordingSource {
  return { identity: `sha256:${sha256}`, toFile: async () => path };
}

/**
 * The upload, or the URL in the text fields `file` or `url` where the dialect takes one there.
 * @throws SottoError `missing_file`, `url_not_allowed`, `invalid_value`
 */
export function recordingSource({ upload, fields }: Form, dialect: Dialect, input: UrlInput): RecordingSource {
  const texts = sentTexts(fields, dialect);
  const url = texts.find(({ param, text }) => looksLikeUrl(text) && (param === "url" || dialect.takesUrlAsFile));
  if (upload && url) throw bothCame(url);
  if (upload) return upload;
  if (!url) throw noRecording(texts);
  return urlSource(url, input);
}

function urlSource({ param, text }: SentText, { fetcher, folder, maxFileBytes }: UrlInput): RecordingSource {
  const rename = (error: unknown): never => {
    throw error instanceof SottoError ? error.about(param) : error;
  };
  let href: string;
  try {
    ({ href } = fetcher.check(text));
  } catch (error) {
    return rename(error);
  }
  return {
    identity: `url:${href}`,
    toFile: async (signal) => {
      const path = join(folder, "fetched");
      await fetcher.save(href, { path, maxBytes: maxFileBytes }, signal).catch(rename);
      return path;
    },
  };
}

function sentTexts(fields: Form["fields"], dialect: Dialect): SentText[] {
  const gathered = gather(fields);
  const params: SentText["param"][] = dialect.fields.url ? ["file", "url"] : ["file"];
  return params.flatMap((param) => {
    const texts = (gathered.get(param)?.values ?? []).map((value) => value.trim());
    return texts.filter((text) => text !== "").map((text) => ({ param, text }));
  });
}

/** A scheme of one letter is a drive. */
function looksLikeUrl(text: string): boolean {
  return /^[a-z][a-z0-9+.-]+:/i.test(text);
}

function noRecording(texts: SentText[]): SottoError {
  if (texts.some(({ text }) => looksLikeUrl(text))) {
    return sottoError("url_not_allowed", { reason: "this service takes no URL as 'file'" }, { param: "file" });
  }
  const notUrl = texts.find(({ param }) => param === "url");
  if (notUrl) return wrongValue("url", "an http(s) URL", notUrl.text);
  const remedy =
    texts.length > 0
      ? "The field came as text: give it a file name, as curl does with -F file=@recording.wav."
      : "With curl: -F file=@recording.wav.";
  return sottoError("missing_file", { remedy }, { param: "file" });
}

function bothCame({ param }: SentText): SottoError {
  return sottoError("invalid_value", { name: param, expected: "either a file or a URL", received: "both" }, { param });
}
