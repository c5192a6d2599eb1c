import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { Failure } from "../setup/failure.mjs";
import { findProgram } from "../setup/find-program.mjs";
import { ROOT } from "../setup/root.mjs";
import { run } from "../setup/run.mjs";
import { say } from "../setup/say.mjs";
import { readUpstream, verifyUpstream } from "../setup/upstream.mjs";

const FOLDER = join(ROOT, "build/bench/whisper.cpp");
const TARGETS = ["whisper-server", "whisper-cli", "whisper-quantize"];

/**
 * whisper.cpp's own programs from the same source as the engine's, as fast as that builds them: for this very processor,
 * with the products that are off by default, and AMX as mended for the engine.
 * @returns {Promise<{ server: string, cli: string, quantize: string, version: string }>}
 */
export async function provideWhisperCpp() {
  verifyUpstream();
  const { folder: source, whisper } = readUpstream();
  const program = (/** @type {string} */ name) => join(FOLDER, "bin", name);
  if (!TARGETS.every((name) => existsSync(program(name)))) {
    const cmake = findProgram("cmake");
    if (!cmake) throw new Failure("whisper.cpp's programs need cmake and a C++ compiler. Install them.");
    say("building whisper.cpp's programs in build/bench (once, some minutes)");
    rmSync(FOLDER, { recursive: true, force: true });
    mkdirSync(FOLDER, { recursive: true });
    const flags = ["BUILD_SHARED_LIBS=OFF", "GGML_NATIVE=ON", "GGML_LLAMAFILE=ON", "WHISPER_BUILD_TESTS=OFF"];
    if (process.platform === "linux") {
      flags.push("GGML_OPENMP=ON", `CMAKE_CXX_FLAGS=-include ${join(ROOT, "native/engine/amx-tile-config.h")}`);
    }
    const setting = ["CMAKE_BUILD_TYPE=Release", ...flags].map((flag) => `-D${flag}`);
    await must(cmake, ["-S", source, "-B", FOLDER, ...setting]);
    await must(cmake, ["--build", FOLDER, "--parallel", "--target", ...TARGETS]);
  }
  const [server = "", cli = "", quantize = ""] = TARGETS.map(program);
  return { server, cli, quantize, version: whisper };
}

/**
 * The model in the precision in which whisper.cpp is fastest; one that is quantised already stays as it is.
 * @param {string} model @param {string} quantize
 */
export async function inEightBits(model, quantize) {
  const path = join(ROOT, "build/bench/models", `${basename(model, ".bin")}-q8_0.bin`);
  if (existsSync(path)) return path;
  mkdirSync(join(ROOT, "build/bench/models"), { recursive: true });
  await must(quantize, [model, `${path}.part`, "q8_0"]);
  renameSync(`${path}.part`, path);
  return path;
}

/** @param {string} program @param {string[]} args */
async function must(program, args) {
  /** @type {string[]} */
  const lines = [];
  const { ok, outcome } = await run(program, args, { cwd: ROOT, onLine: (line) => lines.push(line) });
  if (ok) return;
  const reason = lines.findLast((line) => /error/i.test(line)) ?? lines.at(-1) ?? "no output";
  throw new Failure(`${basename(program)} failed (${outcome}): ${reason.trim()}`);
}
