import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { byteLength, F16, F32, WEIGHT_TYPES } from "../../dist/catalog/ggml-types.js";
import { readModelFile } from "../../dist/catalog/model-file.js";
import { ModelFileError } from "../../dist/catalog/model-file-error.js";
import { ROOT } from "../setup/root.mjs";
import { makeModel, modelShapes } from "./make-model.mjs";
import { layOut } from "./model-layout.mjs";
import { ModelLoader } from "./model-loader.mjs";
import { mutateModel } from "./mutate-model.mjs";
import { Random } from "./random.mjs";

/** Of so many mutants one is made of the model that Sotto carries, which takes longest to decode. */
const BUNDLED_EVERY = 12;
/** Of so many one is decoded with all that belongs to it. */
const WHOLE_EVERY = 8;
/** Where it is quiet a walk takes milliseconds; on a machine with ten times as much work as cores, seconds. */
const SLOW_WALK_MS = 10_000;
/** Weights that yield no numbers are found out while decoding; everything else the walk should have seen. */
const DAMAGED = "compute_failed: the model computes no numbers";

const TYPES = new Map([F32, F16, ...WEIGHT_TYPES.values()].map((type) => [type.id, type]));

/**
 * Walks mutated model files, and loads and decodes with each that the walk lets through. A death, a hang, a walk that
 * throws anything but its own error, and a file that only the loader refuses are findings.
 * @param {{ count: number, seed: number, jobs: number, findings: import("./findings.mjs").Findings,
 *   onProgress?: (done: number) => void }} options
 */
export async function fuzzModels({ count, seed, jobs, findings, onProgress = () => {} }) {
  const folder = mkdtempSync(join(tmpdir(), "sotto-fuzz-"));
  const models = seedModels(new Random(seed));
  const tally = { mutants: count, refusedByWalk: 0, decoded: 0, saidDamaged: 0, refused: 0, died: 0, hung: 0 };
  let next = 0;
  let done = 0;

  async function job(/** @type {number} */ number) {
    const loader = new ModelLoader();
    const path = join(folder, `${number}.bin`);
    while (next < count) {
      const index = next++;
      const { bytes, what } = mutant(models, seed, index);
      writeFileSync(path, bytes);
      const report = (/** @type {string} */ reason) =>
        findings.add(`model ${index} (${what}): ${reason}`, { name: `model-${seed}-${index}.bin`, bytes });
      if (!(await isAccepted(path, report))) tally.refusedByWalk++;
      else {
        const { end, detail } = await loader.load({ path, whole: index % WHOLE_EVERY === 0 });
        if (end === "refused" && detail.startsWith(DAMAGED)) tally.saidDamaged++;
        else {
          tally[end]++;
          if (end !== "decoded") report(`the walk accepted it, then the engine ${end}: ${detail}`);
        }
      }
      onProgress(++done);
    }
    loader.close();
  }

  try {
    await Promise.all(Array.from({ length: jobs }, (_, number) => job(number)));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return tally;
}

/** @param {string} path @param {(reason: string) => void} report */
async function isAccepted(path, report) {
  const startedMs = performance.now();
  try {
    await readModelFile(path);
    return true;
  } catch (error) {
    if (!(error instanceof ModelFileError)) report(`the walk threw ${error}`);
    return false;
  } finally {
    const tookMs = Math.round(performance.now() - startedMs);
    if (tookMs > SLOW_WALK_MS) report(`the walk took ${tookMs} ms`);
  }
}

/** @param {Random} random @returns {import("./mutate-model.mjs").Model[]} the bundled one first */
function seedModels(random) {
  const bundled = readFileSync(join(ROOT, "models/ggml-sotto-mini.bin"));
  const made = modelShapes(random).map((shape) => makeModel(shape, random));
  return [bundled, ...made].map((bytes) => ({ bytes, layout: layOut(bytes, bytesOfWeights) }));
}

/** @param {number} id @param {number} elementCount */
function bytesOfWeights(id, elementCount) {
  return byteLength(TYPES.get(id) ?? F32, elementCount);
}

/** @param {import("./mutate-model.mjs").Model[]} models @param {number} seed @param {number} index */
function mutant(models, seed, index) {
  const random = new Random(seed, index);
  const at = index % BUNDLED_EVERY === 0 ? 0 : 1 + random.below(models.length - 1);
  const model = /** @type {import("./mutate-model.mjs").Model} */ (models[at]);
  return mutateModel(model, random.pick(models).bytes, random);
}
