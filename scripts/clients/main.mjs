/**
 * `npm run test:clients [-- WORD…]`: Python's clients and curl against the real server. With words: only checks whose name
 * holds one of them.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { Failure, runMain } from "../setup/failure.mjs";
import { findProgram } from "../setup/find-program.mjs";
import { ROOT } from "../setup/root.mjs";
import { run } from "../setup/run.mjs";
import { providePython } from "./python.mjs";

await runMain(async () => {
  if (!existsSync(join(ROOT, "dist/main.js"))) throw new Failure("dist is not compiled yet: npm run build");
  for (const program of ["curl", "ffmpeg"]) {
    if (!findProgram(program))
      throw new Failure(`The checks need ${program}, and there is none on the PATH. Install it.`);
  }
  const python = join(await providePython(), "python");
  const chosen = process.argv.slice(2).flatMap((word) => ["-k", word]);
  const checks = [
    "-W",
    "ignore",
    "-m",
    "unittest",
    "discover",
    "--verbose",
    "-s",
    "scripts/clients",
    "-p",
    "check_*.py",
    ...chosen,
  ];
  const { exitCode } = await run(python, checks, { cwd: ROOT, stdout: "own" });
  process.exitCode = exitCode;
});
