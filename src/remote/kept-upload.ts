import { stat } from "node:fs/promises";
import type { ProviderSettings } from "../core/provider-settings.js";
import type { TranscribeRequest } from "../core/request.js";
import { type FileKind, fileKind, isWithin } from "./file-kind.js";
import type { Because } from "./policy.js";
import type { Wire } from "./wire.js";

const BYTES_PER_MIB = 1024 * 1024;

/** An upload that is kept until an answer is in. */
export interface KeptUpload {
  path: string;
  bytes: number;
  /** undefined: none that services name. */
  kind: FileKind | undefined;
}

/** @throws the system's error when it cannot be read */
export async function keptUpload(path: string): Promise<KeptUpload> {
  const [{ size }, kind] = await Promise.all([stat(path), fileKind(path)]);
  return { path, bytes: size, kind };
}

/** What of a request or its recording a provider does not take; undefined: it takes both. */
export function obstacleTo(
  { settings, wire }: { settings: ProviderSettings; wire: Wire },
  request: TranscribeRequest,
  { kind, bytes }: KeptUpload,
): Because | undefined {
  const inability = wire.inability(request);
  if (inability) return inability;
  const isTaken = !wire.fileKinds || (kind !== undefined && wire.fileKinds.includes(kind));
  if (!isTaken || !isWithin(kind, request.containers)) return "file_kind";
  const limitMb = settings.maxUploadMb ?? wire.maxUploadMb ?? Number.POSITIVE_INFINITY;
  return bytes > limitMb * BYTES_PER_MIB ? "file_size" : undefined;
}
