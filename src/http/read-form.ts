import { join } from "node:path";
import type { FastifyRequest } from "fastify";
import { SottoError, sottoError } from "../core/errors.js";
import type { FormFields } from "../dialects/form-fields.js";
import { saveUpload } from "../media/upload.js";
import { type RecordingSource, uploadSource } from "./recording-source.js";

/** A form that has wholly arrived: its fields in memory, its file on disk. */
export interface Form {
  fields: FormFields;
  /** undefined: no file came; a text field may hold a URL. */
  upload: RecordingSource | undefined;
}

/** No dialect has more than some forty fields; a thousand unknown ones are no reason to refuse. */
const MAX_FIELDS = 2000;
/** Longest text field: ten seconds of speech in base64, as `known_speaker_references` holds them. */
const MAX_FIELD_BYTES = 4 * 1024 * 1024;
/** Of all text fields together: four such references, and room for the rest. */
const MAX_TEXT_BYTES = 20 * 1024 * 1024;

/**
 * Reads a multipart request, writing its `file` to `folder` as it comes.
 * @throws SottoError `unsupported_content_type`, `empty_file`, `file_too_large`, `invalid_value`, `storage_full`,
 *   `client_closed`
 */
export async function readForm(request: FastifyRequest, folder: string, maxFileBytes: number): Promise<Form> {
  if (!request.isMultipart()) {
    const received = request.headers["content-type"] ?? "none";
    throw sottoError("unsupported_content_type", { received: `'${received.slice(0, 100)}'` });
  }
  const fields = new Map<string, string[]>();
  let upload: RecordingSource | undefined;
  const add = (name: string | undefined, value: string) => {
    if (name === undefined) return; // a part that says nothing of its name
    const values = fields.get(name);
    if (values) values.push(value);
    else fields.set(name, [value]);
  };
  let textBytes = 0;
  try {
    const limits = {
      fileSize: Number.POSITIVE_INFINITY,
      files: MAX_FIELDS,
      fields: MAX_FIELDS,
      parts: 2 * MAX_FIELDS,
      fieldSize: MAX_FIELD_BYTES,
    };
    for await (const part of request.parts({ limits })) {
      // Its type does not say so, but a part need not have one.
      if (typeof part.fieldname !== "string")
        throw malformed("a name for every part of the form", "a part without one");
      if (part.type === "file" && part.fieldname === "file" && upload === undefined) {
        const path = join(folder, "upload");
        const { sha256 } = await saveUpload(part.file, { path, maxBytes: maxFileBytes });
        upload = uploadSource(path, sha256);
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
  return { fields, upload };
}

function malformed(expected: string, received: string, cause?: unknown): SottoError {
  return sottoError("invalid_value", { name: "body", expected, received }, { cause });
}
