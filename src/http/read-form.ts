import { join } from "node:path";
import type { FastifyRequest } from "fastify";
import { SottoError, sottoError } from "../core/errors.js";
import type { Dialect } from "../dialects/dialect.js";
import { wrongValue } from "../dialects/field-value.js";
import { bareName, type FormFields } from "../dialects/form-fields.js";
import { saveUpload, type UploadTarget } from "../media/upload.js";
import { fetchRecording, looksLikeUrl, type UrlInput } from "./url-input.js";

/** A form that has wholly arrived: its fields in memory, its file on disk. */
export interface Form {
  fields: FormFields;
  /** Where the upload lies. */
  filePath: string;
}

/** No dialect has more than some forty fields; a thousand unknown ones are no reason to refuse. */
const MAX_FIELDS = 2000;
/** Longest text field: ten seconds of speech in base64, as `known_speaker_references` holds them. */
const MAX_FIELD_BYTES = 4 * 1024 * 1024;
/** Of all text fields together: four such references, and room for the rest. */
const MAX_TEXT_BYTES = 20 * 1024 * 1024;

/**
 * Reads a multipart request, writing its `file` to `folder` as it comes.
 * @throws SottoError `unsupported_content_type`, `missing_file`, `empty_file`, `file_too_large`, `url_not_allowed`,
 *   `invalid_value`, `storage_full`, `client_closed`
 */
export async function readForm(
  request: FastifyRequest,
  folder: string,
  { dialect, maxFileBytes }: { dialect: Dialect; maxFileBytes: number },
): Promise<Form> {
  if (!request.isMultipart()) {
    const received = request.headers["content-type"] ?? "none";
    throw sottoError("unsupported_content_type", { received: `'${received.slice(0, 100)}'` });
  }
  const target: UploadTarget = { path: join(folder, "upload"), maxBytes: maxFileBytes };
  const fields = new Map<string, string[]>();
  const add = (name: string, value: string) => {
    const values = fields.get(name);
    if (values) values.push(value);
    else fields.set(name, [value]);
  };
  let textBytes = 0;
  let hasFile = false;
  try {
    const limits = {
      fileSize: Number.POSITIVE_INFINITY,
      files: MAX_FIELDS,
      fields: MAX_FIELDS,
      parts: 2 * MAX_FIELDS,
      fieldSize: MAX_FIELD_BYTES,
    };
    for await (const part of request.parts({ limits })) {
      if (part.type === "file" && part.fieldname === "file" && !hasFile) {
        hasFile = true;
        await saveUpload(part.file, target);
      } else if (part.type === "file") {
        part.file.resume();
        add(part.fieldname, "");
      } else {
        const value = String(part.value);
        textBytes += Buffer.byteLength(value);
        if (part.valueTruncated) throw malformed(`text fields of at most ${MAX_FIELD_BYTES} bytes`, "a longer one");
        if (textBytes > MAX_TEXT_BYTES) throw malformed(`at most ${MAX_TEXT_BYTES} bytes in text fields`, "more");
        add(part.fieldname, value);
      }
    }
  } catch (error) {
    if (error instanceof SottoError) throw error;
    if (request.raw.destroyed && !request.raw.complete) throw sottoError("client_closed", {}, { cause: error });
    const { code } = error as { code?: string };
    if (code === "FST_FIELDS_LIMIT" || code === "FST_FILES_LIMIT" || code === "FST_PARTS_LIMIT") {
      throw malformed(`at most ${MAX_FIELDS} fields`, "more", error);
    }
    throw malformed("a complete multipart/form-data body", "one that breaks off or has no boundary", error);
  }
  if (!hasFile) await fetchRecording(urlOf(fields, dialect), target);
  return { fields, filePath: target.path };
}

/** @throws SottoError when no URL came in place of the file, or the dialect takes none there */
function urlOf(fields: FormFields, dialect: Dialect): UrlInput {
  const texts = [...fields].filter(([name]) => ["file", "url"].includes(bareName(name)));
  const sent = texts
    .flatMap(([name, values]) => values.map((text) => ({ param: bareName(name), text: text.trim() })))
    .filter(({ param, text }) => text !== "" && (param === "file" || dialect.fields.url));
  const found = sent.find(({ text }) => looksLikeUrl(text));
  if (found && (found.param === "url" || dialect.takesUrlAsFile)) return { url: found.text, param: found.param };
  if (found) throw sottoError("url_not_allowed", {}, { param: found.param });
  const notUrl = sent.find(({ param }) => param === "url");
  if (notUrl) throw wrongValue("url", "an http(s) URL", notUrl.text);
  const remedy =
    sent.length > 0
      ? "The field came as text: give it a file name, as curl does with -F file=@recording.wav."
      : "With curl: -F file=@recording.wav.";
  throw sottoError("missing_file", { remedy }, { param: "file" });
}

function malformed(expected: string, received: string, cause?: unknown): SottoError {
  return sottoError("invalid_value", { name: "body", expected, received }, { cause });
}
