import { randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";

/** A recording that lies on disk. */
export interface FormFile {
  path: string;
  bytes: number;
  /** What the service is told: most go by its extension. */
  name: string;
}

/** A form ready to be sent: its length is known before, its file is read from disk as it goes. */
export interface FormBody {
  contentType: string;
  contentLength: number;
  /** @throws the system's error when the file cannot be read */
  chunks(): AsyncGenerator<Uint8Array>;
}

/** Writes multipart/form-data (RFC 7578), the fields first, so that a server knows them when the file comes. */
export function formBody(fields: readonly (readonly [string, string])[], file: FormFile): FormBody {
  const boundary = `sotto-${randomUUID()}`;
  const parts = fields.map(
    ([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${quoted(name)}"\r\n\r\n${value}\r\n`,
  );
  const head = Buffer.from(
    `${parts.join("")}--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="${quoted(file.name)}"\r\n` +
      "Content-Type: application/octet-stream\r\n\r\n",
  );
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`);
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    contentLength: head.length + file.bytes + tail.length,
    async *chunks() {
      yield head;
      yield* createReadStream(file.path) as AsyncIterable<Buffer>;
      yield tail;
    },
  };
}

/** As browsers do (https://html.spec.whatwg.org/#multipart-form-data). */
function quoted(name: string): string {
  return name.replaceAll('"', "%22").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}
