import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../setup/root.mjs";

const SPEECH = join(ROOT, "test/fixtures/minute-70s.opus");

/** @param {readonly number[]} values @param {number} share 0.5: the median */
export function quantile(values, share = 0.5) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

/** @param {number} value */
export const rounded = (value) => Math.round(1000 * value) / 1000;

/**
 * Spoken digits of any length: a minute of them, over and over.
 * @param {string} folder
 * @param {number} seconds
 */
export function makeSpeech(folder, seconds) {
  const path = join(folder, `speech-${seconds}.opus`);
  const codec = seconds < 60 ? ["-c:a", "libopus", "-b:a", "24k"] : ["-c", "copy"];
  const loop = ["-stream_loop", "-1", "-i", SPEECH, "-t", String(seconds)];
  execFileSync("ffmpeg", ["-v", "error", "-y", ...loop, ...codec, path]);
  return new Blob([readFileSync(path)]);
}

let sent = 0;

/**
 * From the upload's end until the only window is in a slot: all that is not the engine's own time.
 * @param {{ diagnostics?: Record<string, number>, usage?: { audio_duration_seconds: number } }} body
 */
function waitOf({ diagnostics, usage }) {
  if (!diagnostics || !usage) return Number.NaN;
  const { real_time_factor = 0, encode_ms = 0, decode_ms = 0, sample_ms = 0 } = diagnostics;
  return 1000 * real_time_factor * usage.audio_duration_seconds - encode_ms - decode_ms - sample_ms;
}

/**
 * Sends a recording. No two requests are alike, so that none joins another.
 * @param {string} url of the server
 * @param {Blob} recording
 * @param {{ key?: string, fields?: Record<string, string>, signal?: AbortSignal }} [options]
 */
export async function send(url, recording, { key, fields = {}, signal } = {}) {
  const form = new FormData();
  for (const [name, value] of Object.entries({
    language: "en",
    user: `u${String(sent++).padStart(9, "0")}`,
    ...fields,
  }))
    form.append(name, value);
  form.append("file", recording, "speech.opus");
  const sentMs = performance.now();
  const reply = await fetch(`${url}/v1/audio/transcriptions`, {
    method: "POST",
    body: form,
    headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
    ...(signal ? { signal } : {}),
  });
  return { reply, sentMs };
}

/**
 * Sends a clip and reads its answer.
 * @param {Parameters<typeof send>} args
 */
export async function sendClip(...args) {
  const { reply, sentMs } = await send(args[0], args[1], {
    ...args[2],
    fields: { "include[]": "diagnostics", ...args[2]?.fields },
  });
  const body = await reply.json();
  return {
    status: reply.status,
    sentMs,
    tookMs: performance.now() - sentMs,
    queueMs: body.diagnostics?.queue_ms,
    waitMs: waitOf(body),
    provider: reply.headers.get("x-sotto-provider"),
    retryAfterMs: 1000 * Number(reply.headers.get("retry-after") ?? 0),
  };
}
