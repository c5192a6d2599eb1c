import { constants } from "node:fs";
import { access, mkdir, statfs } from "node:fs/promises";
import { createServer } from "node:net";
import { availableParallelism } from "node:os";
import { cpuQuota, usableCores } from "../../core/cores.js";
import { defaultMemoryLimitBytes, usableMemoryBytes } from "../../core/memory.js";
import { decodesTogether, type EngineBackend } from "../../engine/backend.js";
import type { CoreShare } from "../../engine/parallelism.js";
import type { ChosenShare } from "../../engine/tuned-share.js";
import { findDecoder } from "../../media/decoder-check.js";
import { type Finding, readableBytes } from "./finding.js";

/** A recording of an hour is 110 MiB on the spool, beside its upload. */
const FEW_BYTES = 1024 ** 3;

export async function checkFfmpeg(path: string): Promise<Finding> {
  const decoder = await findDecoder(path);
  return decoder.found
    ? { state: "ok", subject: "ffmpeg", text: decoder.version }
    : { state: "fail", subject: "ffmpeg", text: "it was not found", remedy: decoder.remedy };
}

/** @param asked what the operator asked for; threads beyond the cores are not given */
export function checkThreads(
  share: CoreShare & Partial<Pick<ChosenShare, "isTuned">>,
  asked: { workers: number | undefined; threads: number | undefined },
  backend: EngineBackend | undefined,
): Finding {
  const quota = cpuQuota();
  const counted = `affinity ${availableParallelism()}, quota ${quota === undefined ? "none" : quota.toFixed(1)}`;
  const cut =
    (asked.workers ?? share.workers) > share.workers ||
    (asked.threads ?? share.threadsPerWorker) > share.threadsPerWorker;
  const [what, asks] =
    backend && decodesTogether(backend)
      ? [`${share.workers} windows at once on ${share.threadsPerWorker}`, "--threads"]
      : [`${share.workers} × ${share.threadsPerWorker}`, "--workers times --threads"];
  return {
    state: cut ? "note" : "ok",
    subject: "threads",
    text: `${what} of ${usableCores()} cores (${counted})${share.isTuned ? ", as sotto bench --tune found" : ""}`,
    remedy: cut ? `${asks} was cut to the cores that this process may use` : undefined,
  };
}

export function checkMemory(limitBytes: number | undefined): Finding {
  const limit = limitBytes ?? defaultMemoryLimitBytes();
  const usable = usableMemoryBytes();
  const tooMuch = limit > usable;
  return {
    state: tooMuch ? "note" : "ok",
    subject: "memory",
    text: `engines may take ${readableBytes(limit)} of ${readableBytes(usable)}`,
    remedy: tooMuch ? "--memory-limit is more than this process may use; the system will end engines" : undefined,
  };
}

/** @param reserveBytes what uploads and decoded audio leave free */
export async function checkHome(home: string, reserveBytes: number): Promise<Finding> {
  try {
    await mkdir(home, { recursive: true });
    await access(home, constants.W_OK);
  } catch (error) {
    const text = `${home} cannot be written (${(error as NodeJS.ErrnoException).code})`;
    return { state: "fail", subject: "home", text, remedy: "name another folder with --home or SOTTO_HOME" };
  }
  const { bavail, bsize } = await statfs(home);
  const freeBytes = bavail * bsize;
  const text = `${home}, ${readableBytes(freeBytes)} free, of which ${readableBytes(reserveBytes)} stay so`;
  if (freeBytes < reserveBytes) {
    const remedy = "every request is answered 507: free some, name another disk, or lower --spool-reserve";
    return { state: "fail", subject: "home", text, remedy };
  }
  if (freeBytes - reserveBytes >= FEW_BYTES) return { state: "ok", subject: "home", text };
  return {
    state: "note",
    subject: "home",
    text,
    remedy: "long recordings may not fit; free some, or name another disk",
  };
}

export function checkPort(host: string, port: number): Promise<Finding> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", ({ code }: NodeJS.ErrnoException) => {
      const taken = code === "EADDRINUSE";
      const text = taken ? `${port} on ${host} is in use, perhaps by Sotto itself` : `${port} on ${host}: ${code}`;
      resolve({ state: taken ? "note" : "fail", subject: "port", text, remedy: "choose another with --port" });
    });
    server.listen(port, host, () => {
      server.close(() => resolve({ state: "ok", subject: "port", text: `${port} on ${host} is free` }));
    });
  });
}
