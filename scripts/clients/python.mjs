import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Failure } from "../setup/failure.mjs";
import { findProgram } from "../setup/find-program.mjs";
import { ROOT } from "../setup/root.mjs";
import { run } from "../setup/run.mjs";
import { say } from "../setup/say.mjs";

const FOLDER = join(ROOT, "build/clients/venv");
const REQUIREMENTS = join(ROOT, "scripts/clients/requirements.txt");
/** The requirements that the environment was made from. */
const STAMP = join(FOLDER, "requirements.txt");

/**
 * Makes the virtual environment that the Python clients live in, unless it is there as the requirements want it.
 * @returns {Promise<string>} the folder of its programs
 */
export async function providePython() {
  const programs = join(FOLDER, "bin");
  const wanted = readFileSync(REQUIREMENTS, "utf8");
  if (existsSync(STAMP) && readFileSync(STAMP, "utf8") === wanted) return programs;
  const python = findProgram("python3");
  if (!python)
    throw new Failure("Python's clients need python3, and there is none on the PATH. Install Python 3.9 or later.");
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(dirname(FOLDER), { recursive: true });
  say("making build/clients/venv (once)");
  await must(python, ["-m", "venv", FOLDER], "Install Python's venv (Debian: apt-get install python3-venv).");
  const install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement", REQUIREMENTS];
  await must(join(programs, "python"), install, "Is the package index within reach?");
  writeFileSync(STAMP, wanted);
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
