import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import type { CatalogEntry } from "./catalog.js";

export interface Checksum {
  algorithm: "sha256" | "sha1";
  hex: string;
}

const CHUNK_BYTES = 1 << 20;

/** The strongest published checksum of a model, if there is one. */
export function publishedChecksum(entry: CatalogEntry | undefined): Checksum | undefined {
  if (entry?.sha256) return { algorithm: "sha256", hex: entry.sha256 };
  if (entry?.sha1) return { algorithm: "sha1", hex: entry.sha1 };
  return undefined;
}

/** Lower-case hexadecimal checksum of a file. */
export async function fileChecksum(
  path: string,
  algorithm: Checksum["algorithm"],
  onBytes: (byteCount: number) => void = () => {},
  signal?: AbortSignal,
): Promise<string> {
  const hash = createHash(algorithm);
  const stream = createReadStream(path, { highWaterMark: CHUNK_BYTES, ...(signal ? { signal } : {}) });
  for await (const chunk of stream) {
    hash.update(chunk as Buffer);
    onBytes((chunk as Buffer).length);
  }
  return hash.digest("hex");
}

export function checksumName({ algorithm }: Checksum): string {
  return algorithm === "sha256" ? "SHA-256" : "SHA-1";
}

/** What to say of a file whose checksum is not the published one. */
export function checksumMismatch(checksum: Checksum, received: string): string {
  return `The file is not the published one: expected ${checksumName(checksum)} ${checksum.hex}, but found ${received}.`;
}
