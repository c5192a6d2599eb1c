/**
 * `npm run bench:cancel -- --model FILE… [--cancels 50] [--busy]`: how long native work goes on after a cancel, at random
 * moments of a window, with other processes on all cores when `--busy`. Prints median and worst per model.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { ModelStore } from "../../dist/catalog/model-store.js";
import { usableCores } from "../../dist/core/cores.js";
import { chooseBackend } from "../../dist/engine/backend.js";
import { EngineProcess } from "../../dist/engine/engine-process.js";
import { Pace } from "../../dist/engine/pace.js";
import { divideCores } from "../../dist/engine/parallelism.js";

const WINDOW_SAMPLES = 480_000;
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    model: { type: "string", multiple: true, default: [] },
    cancels: { type: "string", default: "50" },
    busy: { type: "boolean", default: false },
  },
});
const cancels = Number(values.cancels);
const folder = mkdtempSync(join(tmpdir(), "sotto-cancel-"));
const spoolPath = join(folder, "audio.s16le");
// Noise with a hum: no model takes it for silence at once, and the ladder of temperatures is gone through.
const pcm = Int16Array.from(
  { length: WINDOW_SAMPLES },
  (_, i) => 6000 * Math.sin(i / 20) + 4000 * (Math.random() - 0.5),
);
writeFileSync(spoolPath, pcm);
const job = {
  task: /** @type {const} */ ("transcribe"),
  language: /** @type {const} */ ("en"),
  prompt: undefined,
  temperature: 0,
  place: { path: spoolPath },
  window: { stretches: [{ firstSample: 0, sampleCount: WINDOW_SAMPLES }], speech: [] },
};
const backend = await chooseBackend({ device: "cpu", cpuVariant: "auto", home: folder }, console.warn);
const others = values.busy
  ? Array.from({ length: usableCores() }, () => spawn(process.execPath, ["-e", "for (;;);"], { stdio: "ignore" }))
  : [];

try {
  for (const path of [...values.model, ...positionals]) {
    const model = await new ModelStore({ home: folder, configuredModel: path }).find(undefined);
    const cores = divideCores({ workers: undefined, threads: undefined }, backend);
    const engine = new EngineProcess(
      { modelPath: model.path, modelStamp: model.stamp, ...cores, backend },
      { pace: new Pace() },
    );
    await engine.ready();
    const wholeMs = await timed(() => engine.decode(job, new AbortController().signal));
    const delaysMs = [];
    while (delaysMs.length < cancels) {
      const gone = new AbortController();
      const running = engine.decode(job, gone.signal).then(
        () => "done",
        () => "stopped",
      );
      await sleep(Math.random() * wholeMs);
      const delayMs = await timed(() => {
        gone.abort(new Error("cancelled"));
        return running;
      });
      if ((await running) === "stopped") delaysMs.push(delayMs);
    }
    await engine.kill();
    delaysMs.sort((a, b) => a - b);
    const figures = {
      model: model.id,
      cores,
      busy: values.busy,
      wholeWindowMs: Math.round(wholeMs),
      cancels,
      medianMs: round(delaysMs[Math.floor(cancels / 2)]),
      worstMs: round(delaysMs.at(-1)),
    };
    process.stdout.write(`${JSON.stringify(figures)}\n`);
  }
} finally {
  for (const other of others) other.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
}

/** @param {() => Promise<unknown>} work */
async function timed(work) {
  const startedMs = performance.now();
  await work();
  return performance.now() - startedMs;
}

/** @param {number | undefined} ms */
function round(ms) {
  return Math.round((ms ?? 0) * 10) / 10;
}
