/**
 * `npm run bench:first-delta -- --audio FILE --model FILE [--window-sec 30] [--rounds 5] [--language en]`: how soon the first words of a long recording
 * come when it is streamed, in turns with a recording of one window, the first seconds of the same one. A client goes once it has the
 * first delta. Prints each round, the medians and the median of the rounds' ratios. Mark: 1.5.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { median } from "../../dist/cli/bench/figures.js";
import { startServer } from "../stress/running-server.mjs";

const { values } = parseArgs({
  options: {
    audio: { type: "string" },
    model: { type: "string" },
    "window-sec": { type: "string", default: "30" },
    rounds: { type: "string", default: "5" },
    language: { type: "string" },
  },
});
if (!values.audio || !values.model) throw new Error("Expected --audio FILE --model FILE");

const folder = mkdtempSync(join(tmpdir(), "sotto-first-delta-"));
const oneWindow = join(folder, `window${extname(values.audio)}`);
execFileSync("ffmpeg", ["-v", "error", "-t", values["window-sec"], "-i", values.audio, "-c", "copy", oneWindow]);
const server = await startServer(["--model", values.model]);
try {
  await firstDeltaMs(oneWindow);
  const rounds = [];
  for (let round = 0; round < Number(values.rounds); round++) {
    const [windowMs, longMs] = [await firstDeltaMs(oneWindow), await firstDeltaMs(values.audio)];
    rounds.push({ windowMs: Math.round(windowMs), longMs: Math.round(longMs), ratio: longMs / windowMs });
    process.stderr.write(`${JSON.stringify(rounds.at(-1))}\n`);
  }
  const of = (/** @type {"windowMs" | "longMs" | "ratio"} */ name) => median(rounds.map((round) => round[name]));
  const ratio = Math.round(of("ratio") * 100) / 100;
  process.stdout.write(`${JSON.stringify({ windowMs: of("windowMs"), longMs: of("longMs"), ratio })}\n`);
  process.exitCode = ratio <= 1.5 ? 0 : 1;
} finally {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
}

/** @param {string} path */
async function firstDeltaMs(path) {
  const form = new FormData();
  form.append("stream", "true");
  if (values.language) form.append("language", values.language);
  form.append("file", new Blob([readFileSync(path)]), path);
  const startedMs = performance.now();
  const reply = await fetch(`${server.url}/v1/audio/transcriptions`, { method: "POST", body: form });
  if (!reply.ok || !reply.body) throw new Error(await reply.text());
  let text = "";
  let tookMs;
  for await (const chunk of reply.body) {
    text += Buffer.from(chunk).toString();
    if (!text.includes("transcript.text.delta")) continue;
    tookMs = performance.now() - startedMs;
    break;
  }
  if (tookMs === undefined) throw new Error("no delta came");
  // What the server has still to stop is not the next one's.
  await sleep(1000);
  return tookMs;
}
