import { readFile } from "node:fs/promises";
import { isLoopback } from "../core/loopback.js";

/** Reads a JSON Web Key Set as it is now; what comes back is not checked yet. */
export type LoadJwks = () => Promise<unknown>;

const TIMEOUT_MS = 5000;
/** Some hundred keys; providers publish two to ten. */
const MAX_BYTES = 1024 * 1024;

const URL_START = /^[a-z][a-z0-9+.-]*:\/\//i;

/** The host that a key set is fetched from; undefined: it is a file. */
export function jwksHost(location: string): string | undefined {
  if (!URL_START.test(location)) return undefined;
  return URL.canParse(location) ? new URL(location).hostname : "";
}

/**
 * Where a key set comes from: `https://…`, `http://` on this machine, or a file.
 * @throws Error for a URL whose answer anybody on the way could replace
 */
export function jwksSource(location: string): LoadJwks {
  if (!URL_START.test(location)) return async () => JSON.parse(await readFile(location, "utf8"));
  const url = URL.canParse(location) ? new URL(location) : undefined;
  const isSafe = url?.protocol === "https:" || (url?.protocol === "http:" && isLoopback(url.hostname));
  if (!url || !isSafe || url.username !== "" || url.password !== "") {
    throw new Error("an https URL without a password, http on the loopback address, or a file");
  }
  return () => fetchJwks(url);
}

async function fetchJwks(url: URL): Promise<unknown> {
  // A redirect may lead to where the operator never pointed.
  const reply = await fetch(url, { redirect: "error", signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (reply.status !== 200) {
    await reply.body?.cancel();
    throw new Error(`it answered with status ${reply.status}`);
  }
  const chunks: Uint8Array[] = [];
  let byteCount = 0;
  for await (const chunk of reply.body ?? []) {
    chunks.push(chunk);
    byteCount += chunk.byteLength;
    if (byteCount > MAX_BYTES) throw new Error(`it sent more than ${MAX_BYTES} bytes`);
  }
  return JSON.parse(Buffer.concat(chunks).toString("utf8"));
}
