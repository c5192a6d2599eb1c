// A worker of batch-trust.mjs: decodes one window after another on a session of its own, asleep while the batch computes.
import { parentPort, workerData } from "node:worker_threads";
import { loadAddon } from "../../dist/engine/addon.js";

const { modelId, cancel, shortWindows } = workerData;
const addon = loadAddon();
const session = addon.openSession(modelId, 1, shortWindows);
const control = new Int32Array(cancel);

parentPort?.on("message", ({ index, pcm, prompt, options }) => {
  try {
    session.setAudio(pcm, control);
    session.encode(0, control);
    const { languages } = session.detect(control);
    const { ids } = session.decode(prompt, options, control);
    parentPort?.postMessage({ index, ids: [...ids], language: languages.indexOf(Math.max(...languages)) });
  } catch (error) {
    parentPort?.postMessage({ index, code: /** @type {{ code?: string }} */ (error).code ?? String(error) });
  } finally {
    session.clear();
  }
});
parentPort?.postMessage({ ready: true });
