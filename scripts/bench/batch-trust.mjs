/**
 * Whether windows that are decoded together are those of each alone: every window first alone, then many at a time beside
 * others, some of which are cancelled on the way.
 *
 *   npm run bench:batch-trust -- [--windows 500] [--first 0] [--at-once 8] [--threads 2] [--model FILE] [--short-windows] [--ggml]
 *
 * Windows are pieces of the test clips, of random begin and length, loud and faint, so that no two say the same; with
 * prompts or without, in several languages, at temperatures from 0 to 1. --first goes on where another run has ended. --ggml:
 * decoded together as on a GPU, here on the CPU; its sums depend on how many windows there are, so that only the last of what
 * follows holds there. Ends with 1 when fewer than 99.5 % are equal token for token, or when any has the text of another.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { packageRoot } from "../../dist/core/package-root.js";
import { loadAddon } from "../../dist/engine/addon.js";
import { LoadedModel } from "../../dist/engine/loaded-model.js";
import { cpuModules } from "../../dist/engine/modules.js";
import { Random } from "../fuzz/random.mjs";

const RATE = 16_000;
const LEAST_EQUAL = 0.995;
/** Of the windows that are begun in the batch. */
const CANCELLED_SHARE = 0.1;
const LANGUAGES = /** @type {const} */ (["en", "de", "es", "fr", "zh"]);
const PROMPTS = [undefined, "one two three", "Zero, nine; four. ".repeat(40)];

const { values } = parseArgs({
  options: {
    windows: { type: "string", default: "500" },
    first: { type: "string", default: "0" },
    "at-once": { type: "string", default: "8" },
    threads: { type: "string", default: "2" },
    "short-windows": { type: "boolean", default: false },
    ggml: { type: "boolean", default: false },
    model: { type: "string", default: join(packageRoot(), "models", "ggml-sotto-mini.bin") },
  },
});
const first = Number(values.first);
const last = first + Number(values.windows);
const atOnce = Number(values["at-once"]);
const threads = Number(values.threads);

const addon = loadAddon();
const variants = cpuModules().map(({ path }) => ({ path, score: addon.backendScore(path) }));
addon.loadBackend(variants.sort((a, b) => b.score - a.score)[0].path);
const kernels = values.ggml ? "" : addon.kernelNames()[0];
if (kernels === undefined) throw new Error("this processor has no kernels of Sotto's own");
/** @param {number} windows */
const open = (windows) => addon.openModel(values.model, "", { kernels, threads, windows });
const together = open(atOnce);
const model = new LoadedModel(addon, together);
const speech = readClips();

/** @param {number} index */
function makeWindow(index) {
  const random = new Random(7, index);
  const length = random.between(RATE / 10, 30 * RATE);
  const begin = random.below(speech.length - length);
  const pcm = speech.slice(begin, begin + length);
  const gain = 0.2 + 1.3 * random.next();
  for (let at = 0; at < pcm.length; at++) pcm[at] = Math.max(-32_768, Math.min(32_767, pcm[at] * gain));
  const temperature = random.pick([0, 0, 0.2, 0.4, 0.8, 1]);
  const prompt = model.promptTokens("transcribe", random.pick(LANGUAGES), random.pick(PROMPTS));
  const options = {
    temperature,
    candidates: temperature === 0 ? 1 : random.between(1, 5),
    seed: index,
    maxTokens: Math.min(random.between(20, 224), model.maxTokens(prompt.length)),
    timestamps: random.below(4) > 0,
    maxInitialTimestamp: 50,
  };
  return { index, pcm, prompt, options };
}

function readClips() {
  const folder = join(packageRoot(), "test", "fixtures");
  const clips = JSON.parse(readFileSync(join(folder, "fixtures.json"), "utf8"));
  const pieces = clips.map((/** @type {{ file: string }} */ { file }) =>
    execFileSync(
      "ffmpeg",
      ["-v", "error", "-i", join(folder, file), "-ar", `${RATE}`, "-ac", "1", "-f", "s16le", "-"],
      {
        maxBuffer: 1e9,
      },
    ),
  );
  const bytes = Buffer.concat(pieces);
  return new Int16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}

/**
 * Decodes all windows with so many workers. Some are cancelled after a while, and then decoded once more.
 * @param {number} modelId @param {number} workers @param {number} cancelledShare
 */
async function decodeAll(modelId, workers, cancelledShare) {
  /** @type {string[]} */
  const heard = [];
  const random = new Random(11);
  let [next, cancelled] = [first, 0];
  const work = async () => {
    const cancel = new SharedArrayBuffer(8);
    const word = new Int32Array(cancel);
    const worker = new Worker(new URL("./batch-worker.mjs", import.meta.url), {
      workerData: { modelId, cancel, shortWindows: values["short-windows"] },
    });
    /** @param {unknown} [message] @returns {Promise<any>} */
    const ask = (message) =>
      new Promise((resolve, reject) => {
        worker.once("message", resolve);
        worker.removeAllListeners("error").once("error", reject);
        if (message) worker.postMessage(message);
      });
    await ask();
    while (next < last) {
      const window = makeWindow(next++);
      if (random.next() < cancelledShare) {
        const timer = setTimeout(() => Atomics.store(word, 0, 1), random.below(150));
        const { code } = await ask(window);
        clearTimeout(timer);
        Atomics.store(word, 0, 0);
        if (code === "cancelled") cancelled++;
      }
      const { ids, language, code } = await ask(window);
      if (code) throw new Error(`window ${window.index}: ${code}`);
      heard[window.index] = [language, ...ids].join(" ");
    }
    await worker.terminate();
  };
  const startedMs = performance.now();
  await Promise.all(Array.from({ length: workers }, work));
  return { heard, cancelled, seconds: (performance.now() - startedMs) / 1000 };
}

const alone = await decodeAll(open(1), 1, 0);
const batched = await decodeAll(together, atOnce, CANCELLED_SHARE);
const different = alone.heard.flatMap((text, index) => (batched.heard[index] === text ? [] : [index]));
const strangers = different.filter((index) =>
  alone.heard.some((text, other) => other !== index && text === batched.heard[index]),
);
const report = {
  windows: last - first,
  first,
  shortWindows: values["short-windows"],
  atOnce,
  threads,
  kernels: kernels || "ggml",
  texts: new Set(Object.values(alone.heard)).size,
  cancelled: batched.cancelled,
  different: different.length,
  ofAnother: strangers.length,
  aloneSec: Number(alone.seconds.toFixed(1)),
  batchedSec: Number(batched.seconds.toFixed(1)),
};
process.stdout.write(`${JSON.stringify(report)}\n`);
if (strangers.length > 0 || 1 - different.length / (last - first) < LEAST_EQUAL) process.exitCode = 1;
