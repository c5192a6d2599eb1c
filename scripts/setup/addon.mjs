import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  createWriteStream,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { availableParallelism, totalmem } from "node:os";
import { join, relative, resolve } from "node:path";
import { BUILD_FLAGS, describeAddon, readStamp, reasonToBuild, reasonToStartOver } from "./addon-stamp.mjs";
import { condense } from "./build-progress.mjs";
import { Failure } from "./failure.mjs";
import { findProgram, withCargoFolder } from "./find-program.mjs";
import { ROOT } from "./root.mjs";
import { run } from "./run.mjs";
import { endLive, say, sayLive } from "./say.mjs";
import { verifyUpstream } from "./upstream.mjs";

/**
 * Builds native/dist/sotto.<platform>.node with the libraries beside it, and says whether that is needed.
 */
const OUTPUT = join(ROOT, "native/dist");
const STAMP = join(OUTPUT, "BUILD.json");
const TARGET = resolve(process.env.CARGO_TARGET_DIR || join(ROOT, "native/target"));
/** What the intermediate files in TARGET are made for; written before a build, so that a broken-off one can go on. */
const TARGET_STAMP = join(TARGET, "MADE-FOR.json");
/** Where CMake puts ggml's libraries. */
const MODULES = join(TARGET, "modules");
const LOG = join(ROOT, "build/native.log");
const LOG_LINES_SHOWN = 40;
/** The largest of ggml's files take about this much at once in GCC. */
const COMPILER_MEMORY_BYTES = 1.5 * 1024 ** 3;

/**
 * @typedef {{ variants?: string[], backends?: string[] }} Wanted CPU variants and GPU backends that must be there; those
 *   that somebody built before stay
 */

/** @param {Wanted} [wanted] @returns {string | undefined} */
export function reasonToBuildHere(wanted) {
  return builtAddons().length > 0
    ? reasonToBuild(readStamp(STAMP), describeAddon(ROOT, wanted))
    : "it is not built yet";
}

/**
 * @param {string} reason
 * @param {Wanted & { startOver?: boolean }} [options] `startOver`: without what earlier builds left
 */
export async function buildAddon(reason, { startOver = false, ...wanted } = {}) {
  verifyUpstream();
  const stamp = withModulesOf(readStamp(STAMP), describeAddon(ROOT, wanted));
  const notUsable = startOver ? "as asked" : reasonToStartOver(readStamp(TARGET_STAMP), stamp);
  const leftover = existsSync(TARGET) && notUsable;
  say(`building the engine (${reason}); this takes some minutes, its log is ${relative(ROOT, LOG)}`);
  if (leftover) {
    say(`removing the old intermediate files in ${relative(ROOT, TARGET)} (${leftover})`);
    rmSync(TARGET, { recursive: true, force: true });
  }
  rmSync(STAMP, { force: true });
  mkdirSync(TARGET, { recursive: true });
  writeFileSync(TARGET_STAMP, JSON.stringify(stamp, null, 2));

  const startedMs = Date.now();
  await compile(stamp);
  const modules = installModules(stamp);
  const [addon, ...older] = builtAddons();
  if (!addon) throw new Failure(`Expected native/dist/sotto.*.node after the build, found none. See ${LOG}`);
  tryToLoad(addon);
  for (const path of older) rmSync(path); // another platform's, from a checkout that was moved
  writeFileSync(STAMP, `${JSON.stringify(stamp, null, 2)}\n`);
  const seconds = Math.round((Date.now() - startedMs) / 1000);
  say(`built ${relative(ROOT, addon)} and ${modules.join(", ")} in ${seconds} s`);
}

/** The next build makes only what it is asked for. */
export function forgetModules() {
  rmSync(STAMP, { force: true });
}

/**
 * What was asked for before is built again: a module for a GPU does not go because a source changed.
 * @param {import("./addon-stamp.mjs").AddonStamp | undefined} built
 * @param {import("./addon-stamp.mjs").AddonStamp} wanted
 */
function withModulesOf(built, wanted) {
  if (built?.platform !== wanted.platform) return wanted;
  return {
    ...wanted,
    variants: [...new Set([...wanted.variants, ...(built.variants ?? [])])],
    backends: [...new Set([...wanted.backends, ...(built.backends ?? [])])],
  };
}

/**
 * Puts ggml's libraries beside the addon, each by renaming: a server that runs keeps those that it loaded.
 * @param {import("./addon-stamp.mjs").AddonStamp} stamp
 */
function installModules({ variants, backends }) {
  const kinds = ["base", ...variants.map((name) => `cpu-${name}`), ...backends];
  const wanted = kinds.map((kind) => new RegExp(`^libggml-${kind.replaceAll(".", "\\.")}\\.(so|dylib)$`));
  const isWanted = (/** @type {string} */ name) => wanted.some((pattern) => pattern.test(name));
  const names = readdirSync(MODULES).filter(isWanted);
  if (names.length < kinds.length) throw new Failure(`Expected libggml-{${kinds}} after the build. See ${LOG}`);
  for (const name of names) {
    copyFileSync(join(MODULES, name), join(OUTPUT, `${name}.new`));
    renameSync(join(OUTPUT, `${name}.new`), join(OUTPUT, name));
  }
  for (const name of readdirSync(OUTPUT)) {
    if (name.startsWith("libggml-") && !isWanted(name)) rmSync(join(OUTPUT, name));
  }
  return names;
}

/** The newest first. @returns {string[]} */
function builtAddons() {
  const names = existsSync(OUTPUT) ? readdirSync(OUTPUT).filter((name) => /^sotto\..*\.node$/.test(name)) : [];
  const paths = names.map((name) => join(OUTPUT, name));
  return paths.sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
}

/** @param {import("./addon-stamp.mjs").AddonStamp} stamp */
async function compile({ variants, backends }) {
  mkdirSync(join(ROOT, "build"), { recursive: true });
  const log = createWriteStream(LOG);
  /** @type {string[]} */
  const tail = [];
  /** @param {string} line */
  const onLine = (line) => {
    log.write(`${line}\n`);
    tail.push(line);
    if (tail.length > LOG_LINES_SHOWN) tail.shift();
    const short = condense(line);
    if (short) sayLive(short);
  };
  const locked = existsSync(join(ROOT, "native/Cargo.lock")) ? ["--locked"] : [];
  // -vv: without it cargo keeps the output of build.rs, and so CMake's progress, to itself.
  const args = [
    join(ROOT, "node_modules/@napi-rs/cli/cli.mjs"),
    ...["build", ...BUILD_FLAGS],
    ...["--manifest-path", "native/Cargo.toml", "--output-dir", "native/dist", "--target-dir", TARGET],
    ...["--", "-vv", ...locked],
  ];
  const { ok, outcome } = await run(process.execPath, args, {
    cwd: ROOT,
    env: { ...buildEnvironment(), ...moduleVariables(variants, backends) },
    onLine,
  });
  endLive();
  await new Promise((done) => log.end(done));
  if (!ok) {
    const shown = tail.map((line) => `  ${line}`).join("\n");
    throw new Failure(`${shown}\nBuilding the engine ended with ${outcome}. Those were the last lines of ${LOG}`);
  }
}

/** What native/build.rs reads. @param {string[]} variants @param {string[]} backends */
function moduleVariables(variants, backends) {
  return { SOTTO_VARIANTS: variants.join(";"), SOTTO_BACKENDS: backends.join(";"), SOTTO_MODULES: MODULES };
}

/** @returns {NodeJS.ProcessEnv} */
function buildEnvironment() {
  const jobs = Math.max(1, Math.min(availableParallelism(), Math.floor(totalmem() / COMPILER_MEMORY_BYTES)));
  const env = withCargoFolder();
  /** @type {NodeJS.ProcessEnv} */
  const defaults = { CARGO_BUILD_JOBS: String(jobs) }; // make takes its share of these from cargo's jobserver
  if (!findProgram("make")) defaults.CMAKE_GENERATOR = "Ninja";
  return { ...defaults, ...env, CARGO_TERM_COLOR: "never", CLICOLOR: "0" };
}

/** In a child: what is wrong with an addon may end the process that loads it. @param {string} addon */
function tryToLoad(addon) {
  const tried = spawnSync(process.execPath, ["-e", "require(process.argv[1])", addon], { encoding: "utf8" });
  if (tried.status === 0) return;
  const reason =
    tried.signal ?? tried.stderr.split("\n").find((line) => line.includes("Error")) ?? `exit code ${tried.status}`;
  throw new Failure(`The engine was built but does not load here: ${reason}`);
}
