import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../setup/root.mjs";

/**
 * The tests' recordings.
 * @typedef {{ file: string, body: Blob, durationSec: number }} Clip
 * @returns {Clip[]} the shortest first
 */
export function readClips() {
  const folder = join(ROOT, "test/fixtures");
  const listed = JSON.parse(readFileSync(join(folder, "fixtures.json"), "utf8"));
  return listed
    .map((/** @type {{ file: string, durationSec: number }} */ { file, durationSec }) => ({
      file,
      durationSec,
      body: new Blob([readFileSync(join(folder, file))]),
    }))
    .sort((/** @type {Clip} */ a, /** @type {Clip} */ b) => a.durationSec - b.durationSec);
}

/**
 * @param {string} url of the server
 * @param {Clip} clip
 * @param {{ signal?: AbortSignal, fields?: Record<string, string> }} [options]
 * @returns {Promise<{ status: number, text?: string, error?: { code: string }, retryAfterSec: number }>}
 */
export async function transcribe(url, clip, { signal, fields = {} } = {}) {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  form.append("file", clip.body, clip.file);
  const init = signal ? { method: "POST", body: form, signal } : { method: "POST", body: form };
  const reply = await fetch(`${url}/v1/audio/transcriptions`, init);
  const body = await reply.json();
  return { status: reply.status, ...body, retryAfterSec: Number(reply.headers.get("retry-after") ?? 0) };
}
