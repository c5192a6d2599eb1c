import { ERRORS } from "../../dist/core/errors.js";

/** A stalled ffmpeg is given a minute; the rest is for others' work. */
const ANSWER_MS = 150_000;

/**
 * Posts one file and says what is wrong with the answer, if anything.
 * @param {string} url of the server
 * @param {{ name: string, bytes: Buffer }} media
 * @returns {Promise<{ outcome: string, fault?: string }>} the outcome is `200` or an error's code
 */
export async function postMedia(url, { name, bytes }) {
  const form = new FormData();
  form.append("file", new Blob([bytes]), name);
  form.append("response_format", "verbose_json");
  try {
    const signal = AbortSignal.timeout(ANSWER_MS);
    const reply = await fetch(`${url}/v1/audio/transcriptions`, { method: "POST", body: form, signal });
    const body = await reply.json();
    if (reply.status === 200) return judgeTranscript(body);
    const { code, message } = body.error;
    const outcome = String(code);
    const entry = Object.entries(ERRORS).find(([known]) => known === code)?.[1];
    if (entry?.status !== reply.status) return { outcome, fault: `answered ${reply.status} with the code ${code}` };
    if (reply.status >= 500) return { outcome, fault: `answered ${reply.status}: ${message}` };
    if (/\/(tmp|root|home|etc|work)\b/.test(message)) return { outcome, fault: `a path in the message: ${message}` };
    return { outcome };
  } catch (error) {
    return { outcome: "none", fault: `no answer: ${error instanceof Error ? error.message : error}` };
  }
}

/** @param {{ text: string, duration: number, segments: { start: number, end: number }[] }} body */
function judgeTranscript({ text, duration, segments }) {
  const outcome = "200";
  if (typeof text !== "string") return { outcome, fault: "a transcript without a text" };
  if (!(duration >= 0.1)) return { outcome, fault: `a transcript of ${duration} s` };
  const wrong = segments.find(({ start, end }) => !(start >= 0 && start < end && end <= duration + 0.05));
  if (wrong) return { outcome, fault: `a segment from ${wrong.start} to ${wrong.end} in ${duration} s` };
  return { outcome };
}
