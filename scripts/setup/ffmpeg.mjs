import { spawnSync } from "node:child_process";
import { findProgram } from "./find-program.mjs";
import { findPackageManager, howToGet } from "./package-manager.mjs";
import { ROOT } from "./root.mjs";
import { run } from "./run.mjs";
import { say } from "./say.mjs";

/**
 * Finds ffmpeg, or installs it where that needs no question.
 * @param {string[]} [serverArgs] `--ffmpeg PATH` among them names another program, as SOTTO_FFMPEG does
 * @returns {Promise<string | undefined>} one line that says what is missing and what to run; undefined: it is there
 */
export async function provideFfmpeg(serverArgs = []) {
  const chosen = chosenFfmpeg(serverArgs);
  if (findProgram(chosen?.name ?? "ffmpeg")) return undefined;
  if (chosen)
    return `${chosen.by} names ${chosen.name}, which is no program here. Mend it, or leave it out to use PATH.`;

  const manager = findPackageManager();
  const command = manager && installCommand(manager, mayBecomeRoot());
  if (manager && command) {
    say(`installing ffmpeg: ${command.join(" ")} ${manager.install.join(" ")} ${manager.packages.ffmpeg}`);
    if (await install(command, manager)) return undefined;
  }
  return ffmpegRemedy(manager, process.getuid?.() === 0);
}

/**
 * @param {import("./package-manager.mjs").PackageManager | undefined} manager
 * @param {boolean} isRoot
 */
export function ffmpegRemedy(manager, isRoot) {
  return `ffmpeg is missing; audio cannot be decoded without it. To get it: ${howToGet("ffmpeg", manager, isRoot)}`;
}

/**
 * The words before the package manager's own arguments, or undefined where it would have to ask.
 * @param {import("./package-manager.mjs").PackageManager} manager
 * @param {"root" | "sudo" | "no"} rights
 * @returns {string[] | undefined}
 */
export function installCommand({ program, needsRoot }, rights) {
  if (!needsRoot) return rights === "root" ? undefined : [program];
  if (rights === "root") return [program];
  return rights === "sudo" ? ["sudo", "-n", program] : undefined;
}

/** @param {string[]} args @returns {{ name: string, by: string } | undefined} */
export function chosenFfmpeg(args, env = process.env) {
  const at = args.findIndex((word) => word === "--ffmpeg" || word.startsWith("--ffmpeg="));
  const word = args[at] ?? "";
  const name = word.includes("=") ? word.slice(word.indexOf("=") + 1) : args[at + 1];
  if (at >= 0 && name) return { name, by: "--ffmpeg" };
  return env.SOTTO_FFMPEG ? { name: env.SOTTO_FFMPEG, by: "SOTTO_FFMPEG" } : undefined;
}

/** @returns {"root" | "sudo" | "no"} */
function mayBecomeRoot() {
  if (process.getuid?.() === 0) return "root";
  return findProgram("sudo") && spawnSync("sudo", ["-n", "true"], { stdio: "ignore" }).status === 0 ? "sudo" : "no";
}

/**
 * @param {string[]} command
 * @param {import("./package-manager.mjs").PackageManager} manager
 */
async function install([program = "", ...words], { install: verb, refresh, packages }) {
  const options = { cwd: ROOT, env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } };
  const args = [...words, ...verb, packages.ffmpeg];
  if ((await run(program, args, options)).ok && findProgram("ffmpeg")) return true;
  if (!refresh || !(await run(program, [...words, ...refresh], options)).ok) return false;
  return (await run(program, args, options)).ok && findProgram("ffmpeg") !== undefined;
}
