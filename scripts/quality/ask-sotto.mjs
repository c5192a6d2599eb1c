import { execFileSync } from "node:child_process";
import { openAsBlob } from "node:fs";
import { basename, join } from "node:path";
import { ROOT } from "../setup/root.mjs";

/**
 * One recording through a server of ours.
 * @param {string} url @param {string} path @param {[string, string][]} fields
 * @returns {Promise<{ body: any, tookMs: number }>} the reply's JSON
 */
export async function askSotto(url, path, fields) {
  const form = new FormData();
  for (const [name, value] of fields) form.append(name, value);
  form.append("file", await openAsBlob(path), basename(path));
  const startedMs = performance.now();
  const reply = await fetch(`${url}/v1/audio/transcriptions`, { method: "POST", body: form });
  const body = await reply.json();
  if (reply.status !== 200) throw new Error(`${basename(path)}: ${JSON.stringify(body)}`);
  return { body, tookMs: performance.now() - startedMs };
}

/** Gives a running server Silero's weights: it looks for them with every recording. @param {string} home */
export function pullSilero(home) {
  const program = join(ROOT, "dist/main.js");
  execFileSync(process.execPath, [program, "models", "pull", "silero-vad", "--home", home], { stdio: "ignore" });
}
