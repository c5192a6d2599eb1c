import { spawnSync } from "node:child_process";
import { createWriteStream, existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
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
 * Builds native/dist/sotto.<platform>.node and says whether that is needed.
 */
const OUTPUT = join(ROOT, "native/dist");
const STAMP = join(OUTPUT, "BUILD.json");
const TARGET = resolve(process.env.CARGO_TARGET_DIR || join(ROOT, "native/target"));
/** What the intermediate files in TARGET are made for; written before a build, so that a broken-off one can go on. */
const TARGET_STAMP = join(TARGET, "MADE-FOR.json");
const LOG = join(ROOT, "build/native.log");
const LOG_LINES_SHOWN = 40;
/** The largest of ggml's files take about this much at once in GCC. */
const COMPILER_MEMORY_BYTES = 1.5 * 1024 ** 3;

/** @returns {string | undefined} */
export function reasonToBuildHere() {
  return builtAddons().length > 0 ? reasonToBuild(readStamp(STAMP), describeAddon()) : "it is not built yet";
}

/**
 * @param {string} reason
 * @param {{ startOver?: boolean }} [options] without what earlier builds left
 */
export async function buildAddon(reason, { startOver = false } = {}) {
  verifyUpstream();
  const stamp = describeAddon();
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
  await compile();
  const [addon, ...older] = builtAddons();
  if (!addon) throw new Failure(`Expected native/dist/sotto.*.node after the build, found none. See ${LOG}`);
  tryToLoad(addon);
  for (const path of older) rmSync(path); // another platform's, from a checkout that was moved
  writeFileSync(STAMP, `${JSON.stringify(stamp, null, 2)}\n`);
  say(`built ${relative(ROOT, addon)} in ${Math.round((Date.now() - startedMs) / 1000)} s`);
}

/** The newest first. @returns {string[]} */
function builtAddons() {
  const names = existsSync(OUTPUT) ? readdirSync(OUTPUT).filter((name) => /^sotto\..*\.node$/.test(name)) : [];
  const paths = names.map((name) => join(OUTPUT, name));
  return paths.sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
}

async function compile() {
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
  const { ok, outcome } = await run(process.execPath, args, { cwd: ROOT, env: buildEnvironment(), onLine });
  endLive();
  await new Promise((done) => log.end(done));
  if (!ok) {
    const shown = tail.map((line) => `  ${line}`).join("\n");
    throw new Failure(`${shown}\nBuilding the engine ended with ${outcome}. Those were the last lines of ${LOG}`);
  }
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
