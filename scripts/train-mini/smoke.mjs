/**
 * `npm run smoke:train-mini [-- --program whisper-cli]`: the small model's training on tiny settings, from made speech to model files, in
 * about a minute once build/train-mini/venv is there (several GB: it holds torch).
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Failure, runMain } from "../setup/failure.mjs";
import { findProgram } from "../setup/find-program.mjs";
import { providePython } from "../setup/python.mjs";
import { ROOT } from "../setup/root.mjs";
import { run } from "../setup/run.mjs";

await runMain(async () => {
  for (const program of ["espeak-ng", "flite", "ffmpeg"]) {
    if (!findProgram(program)) throw new Failure(`This needs ${program}, and there is none on the PATH. Install it.`);
  }
  const python = join(await providePython("train-mini"), "python");
  const work = mkdtempSync(join(tmpdir(), "sotto-smoke-"));
  try {
    const script = join(ROOT, "scripts/train-mini/smoke.py");
    const { exitCode } = await run(python, [script, "--work", work, ...process.argv.slice(2)], {
      cwd: ROOT,
      stdout: "own",
    });
    process.exitCode = exitCode;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
});
