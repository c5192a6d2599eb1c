import { join } from "node:path";
import type { Readable } from "node:stream";
import type { FastifyRequest } from "fastify";
import { abortable } from "../core/abortable.js";
import { SottoError, sottoError } from "../core/errors.js";
import type { FormFields } from "../dialects/form-fields.js";
import type { SpaceClaim, SpoolSpace } from "../media/spool-space.js";
import { saveUpload } from "../media/upload.js";
import { type RecordingSource, uploadSource } from "./recording-source.js";
import { type PaceLimits, UploadPace } from "./upload-pace.js";

/** A form that has wholly arrived: its fields in memory, its file on disk. */
export interface Form {
  fields: FormFields;
  /** undefined: no file came; a text field may hold a URL. */
  upload: RecordingSource | undefined;
  uploadBytes: number;
}

/** No dialect has more than some forty fields; a thousand unknown ones are no reason to refuse. */
const MAX_FIELDS = 2000;
/** Longest text field: ten seconds of speech in base64, as `known_speaker_references` holds them. */
const MAX_FIELD_BYTES = 4 * 1024 * 1024;
/** Of all text fields together: four such references, and room for the rest. */
const MAX_TEXT_BYTES = 20 * 1024 * 1024;

/**
 * More than a socket hands over at once (64 KiB). The parser never ends a form when a part that it passes over (one without a name) outgrows this within
 * one chunk that also ends the part: it then waits for a reader of a part that has none
 * (`skipPart`, https://github.com/fastify/busboy/blob/v3.2.0/lib/types/multipart.js).
 */
const PART_BUFFER_BYTES = 128 * 1024;

const PARSER_LIMITS = {
  fileSize: Number.POSITIVE_INFINITY,
  files: MAX_FIELDS,
  fields: MAX_FIELDS,
  parts: 2 * MAX_FIELDS,
  fieldSize: MAX_FIELD_BYTES,
};

/** Where the file goes, and what it may take. */
export interface FormLimits {
  folder: string;
  maxFileBytes: number;
  pace: PaceLimits;
  space: SpoolSpace;
}

/**
 * Reads a multipart request, writing its `file` to `folder` as it comes.
 * @throws SottoError `unsupported_content_type`, `empty_file`, `file_too_large`, `invalid_value`, `storage_full`,
 *   `deadline_exceeded` when it comes too slowly, `client_closed`
 */
export async function readForm(request: FastifyRequest, limits: FormLimits): Promise<Form> {
  if (!request.isMultipart()) {
    const received = request.headers["content-type"] ?? "none";
    throw sottoError("unsupported_content_type", { received: `'${received.slice(0, 100)}'` });
  }
  // Of a body that is too large no more than the limit is kept.
  const announcedBytes = Math.min(Number(request.headers["content-length"] ?? 0), limits.maxFileBytes);
  using claim = await limits.space.claim(announcedBytes);
  using pace = new UploadPace(request.raw, limits.pace);
  const reading = new FormReading(request, limits, claim);
  pace.signal.addEventListener("abort", () => reading.stop(pace.signal.reason), { once: true });
  try {
    return await abortable(reading.form(), pace.signal);
  } catch (error) {
    throw faultOf(error, request);
  }
}

/** A form that is coming in. */
class FormReading {
  readonly #request: FastifyRequest;
  readonly #limits: FormLimits;
  readonly #claim: SpaceClaim;
  readonly #fields = new Map<string, string[]>();
  #textBytes = 0;
  #upload: RecordingSource | undefined;
  #uploadBytes = 0;
  /** The part that is being written. */
  #file: Readable | undefined;

  constructor(request: FastifyRequest, limits: FormLimits, claim: SpaceClaim) {
    this.#request = request;
    this.#limits = limits;
    this.#claim = claim;
  }

  async form(): Promise<Form> {
    for await (const part of this.#request.parts({ limits: PARSER_LIMITS, fileHwm: PART_BUFFER_BYTES })) {
      // Its type does not say so, but a part need not have one.
      if (typeof part.fieldname !== "string")
        throw malformed("a name for every part of the form", "a part without one");
      if (part.type === "file" && part.fieldname === "file" && this.#upload === undefined) {
        this.#upload = await this.#save(part.file);
      } else if (part.type === "file") {
        part.file.resume();
        this.#add(part.fieldname, "");
      } else {
        const value = String(part.value);
        this.#textBytes += Buffer.byteLength(value);
        if (part.valueTruncated) throw malformed(`text fields of at most ${MAX_FIELD_BYTES} bytes`, "a longer one");
        if (this.#textBytes > MAX_TEXT_BYTES) throw malformed(`at most ${MAX_TEXT_BYTES} bytes in text fields`, "more");
        this.#add(part.fieldname, value);
      }
    }
    return { fields: this.#fields, upload: this.#upload, uploadBytes: this.#uploadBytes };
  }

  /** Reads no further; a file that is being written is closed and removed. */
  stop(reason: Error): void {
    this.#request.raw.unpipe();
    this.#file?.destroy(reason);
  }

  async #save(file: Readable): Promise<RecordingSource> {
    const { folder, maxFileBytes, space } = this.#limits;
    const path = join(folder, "upload");
    this.#file = file;
    const target = { path, maxBytes: maxFileBytes, space, claim: this.#claim };
    const { sha256, bytes } = await saveUpload(file, target);
    this.#uploadBytes = bytes;
    return uploadSource(path, sha256);
  }

  #add(name: string, value: string): void {
    const values = this.#fields.get(name);
    if (values) values.push(value);
    else this.#fields.set(name, [value]);
  }
}

/** What the client may hear of a form that could not be read. */
function faultOf(error: unknown, { raw }: FastifyRequest): unknown {
  if (error instanceof SottoError) return error;
  if (raw.destroyed && !raw.complete) return sottoError("client_closed", {}, { cause: error });
  const { code } = error as { code?: string };
  if (code === "FST_FIELDS_LIMIT" || code === "FST_FILES_LIMIT" || code === "FST_PARTS_LIMIT") {
    return malformed(`at most ${MAX_FIELDS} fields`, "more", error);
  }
  return malformed("a complete multipart/form-data body", "one that breaks off or has no boundary", error);
}

function malformed(expected: string, received: string, cause?: unknown): SottoError {
  return sottoError("invalid_value", { name: "body", expected, received }, { cause });
}
