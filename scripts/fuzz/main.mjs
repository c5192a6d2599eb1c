/**
 * `npm run fuzz -- [--models 10000] [--media 5000] [--seed 1] [--jobs 2]`: feeds mutated model files to the walk and
 * the engine, and mutated recordings to a server. The same seed gives the same files. Prints what came of them, and ends
 * with 1 when anything was found; the files that show it are kept.
 */
import { parseArgs } from "node:util";
import { Findings } from "./findings.mjs";
import { fuzzMedia } from "./fuzz-media.mjs";
import { fuzzModels } from "./fuzz-models.mjs";

const { values } = parseArgs({
  options: {
    models: { type: "string", default: "10000" },
    media: { type: "string", default: "5000" },
    seed: { type: "string", default: "1" },
    jobs: { type: "string", default: "2" },
  },
});
const [models = 0, media = 0, seed = 0, jobs = 1] = [values.models, values.media, values.seed, values.jobs].map(Number);
const findings = new Findings();
const startedMs = performance.now();

/** @param {string} what @param {number} count */
function progress(what, count) {
  return (/** @type {number} */ done) => {
    if (done % 100 === 0) process.stderr.write(`${what}: ${done} of ${count}, ${findings.list.length} findings\n`);
  };
}

/** @type {Record<string, unknown>} */
const result = { seed };
if (models > 0) {
  result.models = await fuzzModels({ count: models, seed, jobs, findings, onProgress: progress("models", models) });
}
if (media > 0) result.media = await fuzzMedia({ count: media, seed, findings, onProgress: progress("media", media) });
result.seconds = Math.round((performance.now() - startedMs) / 1000);
result.findings = findings.list;
if (findings.folder) result.folder = findings.folder;
process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
process.exitCode = findings.list.length > 0 ? 1 : 0;
