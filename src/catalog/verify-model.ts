import { catalogEntry } from "./catalog.js";
import { checksumMismatch, fileChecksum, publishedChecksum } from "./checksum.js";
import { readModelFile } from "./model-file.js";
import { readSpeechFile } from "./speech-file.js";
import { speechEntry } from "./speech-model.js";

export interface Verdict {
  right: boolean;
  /** One line: what was found. */
  finding: string;
}

/** Walks a model's file and holds it against the published checksum of its id, where there is one. */
export async function verifyModel(id: string, path: string): Promise<Verdict> {
  try {
    await readModelFile(path);
  } catch (error) {
    return { right: false, finding: (error as Error).message };
  }
  const checksum = publishedChecksum(catalogEntry(id));
  if (!checksum) return { right: true, finding: "structure right, no published checksum" };
  const received = await fileChecksum(path, checksum.algorithm);
  return received === checksum.hex
    ? { right: true, finding: "structure and published checksum right" }
    : { right: false, finding: checksumMismatch(checksum, received) };
}

/** The same for the weights that find speech. */
export async function verifySpeechModel(path: string): Promise<Verdict> {
  try {
    await readSpeechFile(path);
  } catch (error) {
    return { right: false, finding: (error as Error).message };
  }
  const checksum = { algorithm: "sha256", hex: speechEntry().sha256 } as const;
  const received = await fileChecksum(path, "sha256");
  return received === checksum.hex
    ? { right: true, finding: "structure and published checksum right" }
    : { right: false, finding: checksumMismatch(checksum, received) };
}
