/**
 * The child of the model fuzzer: loads what the walk accepted and decodes a second of sound with it, as an engine would.
 * Whatever the file does to this process, it does to nothing else.
 */
import { loadAddon } from "../../dist/engine/addon.js";
import { LoadedModel } from "../../dist/engine/loaded-model.js";
import { cpuModules } from "../../dist/engine/modules.js";
import { decodeWindow } from "../../dist/engine/window-decoder.js";

/** @typedef {{ path: string, whole: boolean }} LoadJob whole: with prompt, fallback and everything, which takes longer */

const addon = loadAddon();
const byScore = cpuModules().map(({ path }) => ({ path, score: addon.backendScore(path) }));
byScore.sort((a, b) => b.score - a.score);
addon.loadBackend(byScore[0]?.path ?? "");
const control = new Int32Array(new SharedArrayBuffer(64));
const second = Int16Array.from({ length: 16_000 }, (_, at) => 8000 * Math.sin(at / 20) + ((at * 7919) % 997));
const greedy = { temperature: 0, candidates: 1, seed: 1, maxTokens: 24, timestamps: true, maxInitialTimestamp: 50 };

/** @param {LoadJob} job */
function load({ path, whole }) {
  const modelId = addon.openModel(path, "");
  const session = addon.openSession(modelId, 1);
  try {
    if (whole) {
      const model = new LoadedModel(addon, modelId);
      const params = { task: "transcribe", language: undefined, prompt: "one two", temperature: 0 };
      decodeWindow(session, model, second, /** @type {any} */ (params), control);
    } else {
      const facts = addon.modelFacts(modelId);
      session.setAudio(second, control);
      session.encode(0, control);
      const damage = thrownBy(() => session.detect(control));
      const prompt = Int32Array.of(facts.startOfTranscript);
      session.decode(prompt, { ...greedy, timestamps: facts.textLayers !== 2 }, control);
      session.decode(prompt, { ...greedy, temperature: 1, candidates: 2, maxTokens: 4 }, control);
      if (damage) throw damage;
    }
  } finally {
    session.close();
    addon.closeModel(modelId);
  }
}

/** Damaged weights are said to be so here; what comes after must bear them all the same. @param {() => void} call */
function thrownBy(call) {
  try {
    call();
    return undefined;
  } catch (error) {
    return error;
  }
}

process.on("message", (/** @type {LoadJob} */ job) => {
  try {
    load(job);
    process.send?.({ ok: true });
  } catch (error) {
    const { code, message } = /** @type {Error & { code?: string }} */ (error);
    process.send?.({ ok: false, code, message });
  }
});
process.on("disconnect", () => process.exit(0));
