import { open } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { writeAll } from "../core/disk.js";
import { LinkedAbort } from "../core/linked-abort.js";
import { httpFailure, transportFailure } from "./download-failure.js";
import { ModelError } from "./model-error.js";
import type { PartFile } from "./part-file.js";
import { demandSpace } from "./storage-full.js";

export interface DownloadOptions {
  url: string;
  part: PartFile;
  /** Published size, where there is one. */
  expectedBytes: number | undefined;
  /** Whether the whole will be held against a checksum, so that a part may be continued from any source. */
  hasChecksum: boolean;
  onProgress: (bytes: number, totalBytes: number | undefined) => void;
  signal: AbortSignal | undefined;
  /** How long no byte may come, in milliseconds. */
  idleTimeoutMs: number;
  /** Wait before the first retry, in milliseconds; doubled for each further one. */
  retryDelayMs: number;
}

const RETRIES = 3;

export const INTERRUPTED = "Interrupted. What has come is kept: the same command goes on from there.";

/**
 * Fetches a file into its `.part`, going on where an earlier attempt ended. A broken transfer is tried again three
 * times; an attempt that got further than any before it gives all three back.
 * @throws ModelError; the part stays for the next call
 * @throws SottoError `storage_full`
 */
export async function download(options: DownloadOptions): Promise<void> {
  const { part, signal, retryDelayMs } = options;
  let furthest = await part.bytes();
  for (let failures = 0; ; ) {
    try {
      await attempt(options);
      return;
    } catch (error) {
      if (signal?.aborted) throw new ModelError(INTERRUPTED);
      if (!(error instanceof ModelError) || !error.retryable) throw error;
      const reached = await part.bytes();
      failures = reached > furthest ? 1 : failures + 1;
      furthest = Math.max(furthest, reached);
      if (failures > RETRIES)
        throw new ModelError(`${error.message} Given up after ${RETRIES} retries.`, { cause: error });
      await sleep(retryDelayMs * 2 ** (failures - 1), undefined, signal ? { signal } : {}).catch(() => {});
    }
  }
}

async function attempt(options: DownloadOptions): Promise<void> {
  const { url, part, expectedBytes, hasChecksum, signal, idleTimeoutMs } = options;
  const origin = await part.readOrigin();
  const etag = origin?.url === url ? origin.etag : undefined;
  const haveBytes = hasChecksum || etag ? await part.bytes() : 0;
  if (haveBytes > 0 && haveBytes === expectedBytes) return;

  const watch = new IdleWatch(idleTimeoutMs, signal);
  try {
    const headers: Record<string, string> = { "accept-encoding": "identity" };
    if (haveBytes > 0) {
      headers.range = `bytes=${haveBytes}-`;
      if (etag) headers["if-range"] = etag;
    }
    const response = await fetch(url, { headers, signal: watch.signal });
    if (url.startsWith("https:") && !response.url.startsWith("https:")) {
      throw new ModelError(`The source led from https to ${new URL(response.url).protocol}//, which proves nothing.`);
    }
    const place = await placeOf(response, haveBytes, options);
    if (place === "complete") return;
    if (place.startBytes === 0) {
      // In this order: a note must never stand beside bytes of another origin.
      await part.remove();
      await part.writeOrigin({ url, etag: strongEtag(response) });
    }
    await receive(response, place, options, watch);
  } catch (error) {
    throw transportFailure(error, url, watch.expired ? idleTimeoutMs : undefined);
  } finally {
    watch.stop();
  }
}

interface Place {
  /** Where in the part the body belongs. */
  startBytes: number;
  totalBytes: number | undefined;
}

/** What part of the file a reply holds. */
async function placeOf(response: Response, haveBytes: number, options: DownloadOptions): Promise<Place | "complete"> {
  const { part, expectedBytes } = options;
  const range = /^bytes (?:(\d+)-\d+|\*)\/(\d+)$/.exec(response.headers.get("content-range") ?? "");
  const rangeTotal = range ? Number(range[2]) : undefined;
  let place: Place;
  if (response.status === 416 && haveBytes > 0) {
    await response.body?.cancel();
    if (rangeTotal === haveBytes && (expectedBytes ?? haveBytes) === haveBytes) return "complete";
    await part.remove();
    throw new ModelError("The source has another file than the one that was begun.", { retryable: true });
  } else if (response.status === 206) {
    place = { startBytes: Number(range?.[1] ?? Number.NaN), totalBytes: rangeTotal };
    if (place.startBytes !== haveBytes) {
      await response.body?.cancel();
      await part.remove();
      throw new ModelError("The source sent another part of the file than was asked for.", { retryable: true });
    }
  } else if (response.status === 200) {
    const length = Number(response.headers.get("content-length") || Number.NaN);
    place = { startBytes: 0, totalBytes: Number.isNaN(length) ? undefined : length };
  } else {
    await response.body?.cancel();
    throw httpFailure(response.status, options.url);
  }
  if (expectedBytes !== undefined && (place.totalBytes ?? expectedBytes) !== expectedBytes) {
    await response.body?.cancel();
    throw new ModelError(
      `The source's file is not the published one: expected ${expectedBytes} bytes, but it has ${place.totalBytes}.`,
    );
  }
  return place;
}

async function receive(response: Response, place: Place, options: DownloadOptions, watch: IdleWatch): Promise<void> {
  const { part, expectedBytes, onProgress } = options;
  const totalBytes = place.totalBytes ?? expectedBytes;
  if (totalBytes !== undefined) await demandSpace(dirname(part.path), totalBytes - place.startBytes);
  const handle = await open(part.path, place.startBytes === 0 ? "w" : "r+");
  let bytes = place.startBytes;
  try {
    onProgress(bytes, totalBytes);
    for await (const chunk of response.body ?? []) {
      watch.feed();
      if (totalBytes !== undefined && bytes + chunk.length > totalBytes) {
        throw new ModelError(`The source sent more than the ${totalBytes} bytes that the file has.`);
      }
      await writeAll(handle, chunk, bytes);
      bytes += chunk.length;
      onProgress(bytes, totalBytes);
    }
  } finally {
    await handle.close();
  }
  if (totalBytes !== undefined && bytes < totalBytes) {
    throw new ModelError(`The transfer ended after ${bytes} of ${totalBytes} bytes.`, { retryable: true });
  }
}

/** Weak validators promise the same meaning, not the same bytes. */
function strongEtag(response: Response): string | undefined {
  const etag = response.headers.get("etag");
  return etag && !etag.startsWith("W/") ? etag : undefined;
}

const IDLE = new Error("nothing moved");

/** Ends a transfer on which nothing moves, or that is no longer wanted. */
class IdleWatch {
  readonly #stop: LinkedAbort;
  readonly #timer: NodeJS.Timeout;

  constructor(idleTimeoutMs: number, outer: AbortSignal | undefined) {
    this.#stop = outer ? new LinkedAbort(outer) : new LinkedAbort();
    this.#timer = setTimeout(() => this.#stop.abort(IDLE), idleTimeoutMs);
  }

  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  get expired(): boolean {
    return this.signal.reason === IDLE;
  }

  feed(): void {
    this.#timer.refresh();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#stop[Symbol.dispose]();
  }
}
