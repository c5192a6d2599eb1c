import { openAsBlob } from "node:fs";
import { basename } from "node:path";
import { Failure } from "../setup/failure.mjs";
import { timed } from "./recordings.mjs";

/**
 * One recording through the server, with segments and words.
 * @param {string} url
 * @param {string} path
 * @param {{ model?: string | undefined, language?: string | undefined, prompt?: string | undefined, "no-vad"?: boolean | undefined }} options
 * @returns {Promise<{ heard: import("./score.mjs").Heard, elapsedSec: number }>}
 * @throws {Failure} with the server's own message when it refuses
 */
export async function transcribe(url, path, options) {
  const form = new FormData();
  const { model, language, prompt } = options;
  for (const [name, value] of Object.entries({ model, language, prompt })) if (value) form.append(name, value);
  if (options["no-vad"]) form.append("vad_filter", "false");
  form.append("response_format", "verbose_json");
  form.append("timestamp_granularities[]", "segment");
  form.append("timestamp_granularities[]", "word");
  form.append("file", await openAsBlob(path), basename(path));
  const key = process.env.SOTTO_API_KEY;
  const startedMs = performance.now();
  const response = await fetch(`${url}/v1/audio/transcriptions`, {
    method: "POST",
    body: form,
    ...(key ? { headers: { authorization: `Bearer ${key}` } } : {}),
  });
  const reply = await response.json();
  if (!response.ok) throw new Failure(`${basename(path)}: ${reply.error?.message ?? `status ${response.status}`}`);
  return {
    elapsedSec: Math.round(performance.now() - startedMs) / 1000,
    heard: {
      text: reply.text,
      language: reply.language,
      durationSec: reply.duration,
      segments: reply.segments.map(timed),
      words: (reply.words ?? []).map(timed),
    },
  };
}
