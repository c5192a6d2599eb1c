// `npm test`: sets up what is not set up yet, checks style and types, runs the tests. `npm test -- catalog render` runs
// the test files whose path holds one of the words.
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Failure, runMain } from "./setup/failure.mjs";
import { provideFfmpeg } from "./setup/ffmpeg.mjs";
import { prepare } from "./setup/prepare.mjs";
import { ROOT } from "./setup/root.mjs";
import { run } from "./setup/run.mjs";
import { chooseTestFiles } from "./setup/test-files.mjs";
import { tsc } from "./setup/typescript.mjs";

const OUTPUT = "build/test";
/** A whole file's time: those with the real engine share two cores with each other. */
const TIMEOUT_MS = 600_000;
const FILES_AT_ONCE = 2;

await runMain(async () => {
  await prepare();
  const missing = await provideFfmpeg();
  if (missing) throw new Failure(`The tests need ffmpeg. ${missing}`);

  const biome = await run(process.execPath, [join(ROOT, "node_modules/@biomejs/biome/bin/biome"), "check", "."], {
    cwd: ROOT,
  });
  if (!biome.ok) throw new Failure("biome found something (see above); `npm run format` mends what it can.");

  rmSync(join(ROOT, OUTPUT), { recursive: true, force: true }); // or tests that were deleted would still run
  await tsc(["-p", "test"]);

  const found = readdirSync(join(ROOT, OUTPUT, "test"), { recursive: true, encoding: "utf8" });
  const files = chooseTestFiles(found, process.argv.slice(2));
  const options = [`--test-concurrency=${FILES_AT_ONCE}`, `--test-timeout=${TIMEOUT_MS}`, "--test-reporter=spec"];
  const paths = files.map((file) => join(OUTPUT, "test", file));
  // The last to write: its summary ends the output.
  const tests = await run(process.execPath, ["--enable-source-maps", "--test", ...options, ...paths], {
    cwd: ROOT,
    stdout: "own",
  });
  process.exitCode = tests.exitCode;
});
