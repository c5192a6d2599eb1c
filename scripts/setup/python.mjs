import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Failure } from "./failure.mjs";
import { findProgram } from "./find-program.mjs";
import { ROOT } from "./root.mjs";
import { run } from "./run.mjs";
import { say } from "./say.mjs";

/**
 * Makes the virtual environment of one of the folders of scripts, `build/NAME/venv` from `scripts/NAME/requirements.txt`,
 * unless it is there as those want it.
 * @param {"clients" | "bench" | "train-mini"} name
 * @returns {Promise<string>} the folder of its programs
 */
export async function providePython(name) {
  const folder = join(ROOT, "build", name, "venv");
  const requirements = join(ROOT, "scripts", name, "requirements.txt");
  /** The requirements that the environment was made from. */
  const stamp = join(folder, "requirements.txt");
  const programs = join(folder, "bin");
  const wanted = readFileSync(requirements, "utf8");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return programs;
  const python = findProgram("python3");
  if (!python) throw new Failure("This needs python3, and there is none on the PATH. Install Python 3.9 or later.");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(dirname(folder), { recursive: true });
  say(`making build/${name}/venv (once)`);
  await must(python, ["-m", "venv", folder], "Install Python's venv (Debian: apt-get install python3-venv).");
  const install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement", requirements];
  await must(join(programs, "python"), install, "Is the package index within reach?");
  writeFileSync(stamp, wanted);
  return programs;
}

/** @param {string} program @param {string[]} args @param {string} remedy */
async function must(program, args, remedy) {
  /** @type {string[]} */
  const lines = [];
  const { ok, outcome } = await run(program, args, { cwd: ROOT, onLine: (line) => lines.push(line) });
  if (ok) return;
  const reason = lines.findLast((line) => line.trim() !== "") ?? "no output";
  throw new Failure(`${program} ${args.slice(0, 3).join(" ")} failed (${outcome}: ${reason.trim()}). ${remedy}`);
}
