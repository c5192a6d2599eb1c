import { resolve } from "node:path";
import { UsageError } from "../core/config.js";

/** Where models are pulled from: files of a web server, or of a folder. */
export type Source = { kind: "url"; prefix: string } | { kind: "folder"; path: string };

/**
 * Reads `--source`.
 * @throws UsageError when it is an address that is neither http nor https
 */
export function parseSource(text: string): Source {
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined) return { kind: "folder", path: resolve(text) };
  if (!["http", "https"].includes(scheme) || !URL.canParse(text)) {
    throw new UsageError(`Expected an http(s) URL or a folder for --source, but received '${text}'.`);
  }
  return { kind: "url", prefix: text.replace(/\/+$/, "") };
}
