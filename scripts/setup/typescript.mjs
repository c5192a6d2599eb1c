import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "./failure.mjs";
import { hashFiles, sha256 } from "./hash-files.mjs";
import { ROOT } from "./root.mjs";
import { run } from "./run.mjs";
import { say } from "./say.mjs";

/**
 * Compiles src to dist. The stamp lies in dist, so that it goes when dist goes.
 */
const STAMP = join(ROOT, "dist/.sources");
const INPUTS = ["src", "tsconfig.json", "package-lock.json"]; // the lock: the compiler's and the types' versions

/** @returns {string | undefined} */
export function reasonToCompile() {
  if (!existsSync(join(ROOT, "dist/main.js")) || !existsSync(STAMP)) return "dist is not compiled yet";
  return readFileSync(STAMP, "utf8") === hashInputs() ? undefined : "src has changed";
}

/** @param {string} reason */
export async function compileTypeScript(reason) {
  say(`compiling TypeScript (${reason})`);
  const hash = hashInputs(); // before: what changes while tsc runs must be compiled next time
  rmSync(STAMP, { force: true });
  await tsc(["-p", "."]);
  writeFileSync(STAMP, hash);
}

/**
 * @param {string[]} args
 */
export async function tsc(args) {
  const { ok } = await run(process.execPath, [join(ROOT, "node_modules/typescript/bin/tsc"), ...args], { cwd: ROOT });
  if (!ok) throw new Failure(`TypeScript found errors (tsc ${args.join(" ")}); they stand above.`);
}

export function hashInputs() {
  return sha256(JSON.stringify(hashFiles(ROOT, INPUTS)));
}
