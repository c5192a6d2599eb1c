import { open } from "node:fs/promises";
import type { Container } from "../core/request.js";

/** Kinds of file that services name, by the extension that says so. */
export type FileKind = "flac" | "m4a" | "mp3" | "mp4" | "mpeg" | "ogg" | "wav" | "webm";

/** The families of `core/request` that they belong to; the others belong to none. */
const FAMILIES: Partial<Record<FileKind, Container>> = {
  m4a: "mp4",
  mp3: "mp3",
  mp4: "mp4",
  mpeg: "mpeg",
  wav: "wav",
  webm: "webm",
};

/** Enough for the names in all headers. */
const HEAD_BYTES = 64;

/**
 * What a file is by its first bytes. Services go by a name's extension, and an upload's name tells nothing.
 * @returns undefined for what no service names
 */
export async function fileKind(path: string): Promise<FileKind | undefined> {
  const file = await open(path, "r");
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return kindOf(buffer.subarray(0, bytesRead));
  } finally {
    await file.close();
  }
}

/** Whether the request's own service would take such a file. */
export function isWithin(kind: FileKind | undefined, containers: readonly Container[] | undefined): boolean {
  if (!containers) return true;
  const family = kind && FAMILIES[kind];
  return family !== undefined && containers.includes(family);
}

/** @param head the first bytes of a file */
export function kindOf(head: Buffer): FileKind | undefined {
  const at = (start: number, end: number) => head.toString("latin1", start, end);
  if (["RIFF", "RF64"].includes(at(0, 4)) && at(8, 12) === "WAVE") return "wav";
  if (at(0, 4) === "fLaC") return "flac";
  if (at(0, 4) === "OggS") return "ogg";
  // https://mp4ra.org: brands of files with sound alone
  if (at(4, 8) === "ftyp") return ["M4A ", "M4B "].includes(at(8, 12)) ? "m4a" : "mp4";
  // Matroska, of which WebM is the part that services take (https://www.matroska.org/technical/elements.html)
  if (head.length > 4 && head.readUInt32BE(0) === 0x1a45dfa3) return head.includes("webm") ? "webm" : undefined;
  if (at(0, 3) === "ID3") return "mp3";
  if (head.length > 4 && head.readUInt32BE(0) === 0x000001ba) return "mpeg";
  // Frame sync of MPEG audio, whose layer is never 0: that would be AAC
  const [first = 0, second = 0] = head;
  if (first === 0xff && (second & 0xe0) === 0xe0 && (second & 0x06) !== 0) return "mp3";
  return undefined;
}
