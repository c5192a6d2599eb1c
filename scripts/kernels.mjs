// `npm run test:kernels`: builds native/engine/kernels on its own, with the address and undefined-behaviour sanitizers, and runs
// its tests; --release without them, as test/native/kernels.test.ts does. `npm run bench:kernels`: speed of single kernels, and
// of whole forward passes against ggml's where a build of the addon has left its libraries; --model FILE --threads N.
import { existsSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Failure, runMain } from "./setup/failure.mjs";
import { ROOT } from "./setup/root.mjs";
import { run } from "./setup/run.mjs";

const KERNELS = join(ROOT, "native/engine/kernels");
const MODULES = join(ROOT, "native/dist");
const MODEL = join(ROOT, "models/ggml-sotto-mini.bin");

/** @param {string} command @param {string[]} args @param {NodeJS.ProcessEnv} [env] */
async function must(command, args, env) {
  const { ok, outcome } = await run(command, args, { cwd: ROOT, env: { ...process.env, ...env }, stdout: "own" });
  if (!ok) throw new Failure(`${command} ${args[0]}: ${outcome}`);
}

/** @param {{ sanitize: boolean }} options */
async function build({ sanitize }) {
  const folder = join(ROOT, "build/kernels", sanitize ? "sanitize" : "release");
  const definitions = [
    "-DSOTTO_KERNELS_TESTS=ON",
    `-DSOTTO_KERNELS_SANITIZE=${sanitize ? "ON" : "OFF"}`,
    `-DSOTTO_MODEL=${MODEL}`,
    ...(sanitize ? [] : [`-DWHISPER_SOURCE=${join(ROOT, "node_modules/nodejs-whisper/cpp/whisper.cpp")}`]),
    ...(sanitize ? [] : [`-DSOTTO_MODULES=${MODULES}`]),
  ];
  await must("cmake", ["-S", KERNELS, "-B", folder, ...definitions]);
  return folder;
}

/** @param {string} folder @param {string[]} targets */
const make = (folder, targets) =>
  must("cmake", ["--build", folder, "--parallel", String(availableParallelism()), "--target", ...targets]);

/** @param {boolean} sanitize */
async function test(sanitize) {
  const folder = await build({ sanitize });
  await make(folder, ["kernels_test"]);
  await must("ctest", ["--test-dir", folder, "--output-on-failure"]);
}

/** @param {string} model @param {string} threads @param {string[]} words */
async function bench(model, threads, words) {
  const folder = await build({ sanitize: false });
  await make(folder, ["kernels_bench"]);
  await must(join(folder, "kernels_bench"), words);
  const facts = join(MODULES, "BUILD.json");
  if (!existsSync(facts)) return;
  await make(folder, ["compare_ggml"]);
  // The first is the best that was built for this processor.
  const [variant] = JSON.parse(readFileSync(facts, "utf8")).variants;
  await must(join(folder, "compare_ggml"), [join(MODULES, `libggml-cpu-${variant}.so`), model, threads]);
}

await runMain(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      release: { type: "boolean", default: false },
      model: { type: "string", default: MODEL },
      threads: { type: "string", default: "1" },
    },
  });
  const [what, ...words] = positionals;
  if (what === "test") await test(!values.release);
  else if (what === "bench") await bench(values.model, values.threads, words);
  else throw new Failure("Expected `test` or `bench`.");
});
