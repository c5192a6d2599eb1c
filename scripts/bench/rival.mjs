/**
 * `node scripts/bench/rival.mjs NAME --model FILE --threads N`: makes a rival ready (whisper.cpp is built, faster-whisper installed
 * and the model converted, each once, beneath build/bench) and prints, as JSON, how to start and ask it: `Rival` in
 * `src/cli/bench/rivals.ts`. Where it cannot be had, one line on standard error says what is missing, and the exit code is 1.
 */
import { existsSync, mkdirSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { LANGUAGE_CODES } from "../../dist/core/languages.js";
import { Failure, runMain } from "../setup/failure.mjs";
import { sha256 } from "../setup/hash-files.mjs";
import { providePython } from "../setup/python.mjs";
import { ROOT } from "../setup/root.mjs";
import { run } from "../setup/run.mjs";
import { provideWhisperCpp } from "./whisper-cpp.mjs";

/** Faster-whisper's own default for batches. */
const BATCH = 8;

/** @type {Record<string, (model: string, threads: string) => Promise<object>>} */
const RIVALS = { "whisper.cpp": whisperCpp, "faster-whisper": fasterWhisper };

await runMain(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { model: { type: "string" }, threads: { type: "string", default: "1" } },
  });
  const prepare = RIVALS[positionals[0] ?? ""];
  if (!prepare || !values.model)
    throw new Failure(`Expected one of ${Object.keys(RIVALS).join(", ")}, and --model FILE.`);
  try {
    process.stdout.write(`${JSON.stringify(await prepare(values.model, values.threads))}\n`);
  } catch (error) {
    // In an installed package build/bench may be nobody's to write.
    const { code, path } = /** @type {NodeJS.ErrnoException} */ (error);
    if (!code || !["EACCES", "EPERM", "EROFS", "ENOSPC"].includes(code)) throw error;
    throw new Failure(`${path ?? "build/bench"} cannot be written (${code})`);
  }
});

/** @param {string} model @param {string} threads */
async function whisperCpp(model, threads) {
  const { server, cli, version } = await provideWhisperCpp();
  // Greedy, nothing of the text before, no second try: what all are asked for. Flash attention is on by default.
  const options = ["-m", model, "-t", threads, "-l", "en", "-bs", "1", "-bo", "1", "-mc", "0", "-nf", "-fa"];
  const versions = { "whisper.cpp": version, weights: basename(model) };
  return {
    servers: [
      {
        name: "whisper.cpp server",
        command: [server, ...options, "--host", "127.0.0.1", "--port", "{port}"],
        readyPath: "/health",
        postPath: "/inference",
        fields: { response_format: "text" },
        versions,
      },
    ],
    commands: [{ name: "whisper.cpp CLI", command: [cli, ...options, "-np", "-f", "{file}"], versions }],
  };
}

/** @param {string} model @param {string} threads */
async function fasterWhisper(model, threads) {
  const python = join(await providePython("bench"), "python");
  const weights = await converted(model, python);
  const script = join(ROOT, "scripts/bench/faster_whisper_server.py");
  const asked = "import importlib.metadata as m; print(m.version('faster-whisper'), m.version('ctranslate2'))";
  const [fasterWhisperVersion = "", ctranslate2 = ""] = (await outputOf(python, ["-c", asked])).split(" ");
  const server = (/** @type {string} */ name, /** @type {string[]} */ ...options) => ({
    name,
    command: [python, script, "--model", weights, "--port", "{port}", ...options],
    readyPath: "/",
    postPath: "/",
    versions: { "faster-whisper": fasterWhisperVersion, ctranslate2, weights: `${basename(model)} as int8` },
  });
  const servers = [
    server("faster-whisper sequential", "--threads", threads),
    server(`faster-whisper batch ${BATCH}`, "--threads", threads, "--batch", String(BATCH)),
  ];
  if (Number(threads) > 1) servers.push(server("faster-whisper parallel", "--threads", "1", "--workers", threads));
  return { servers, commands: [] };
}

/** CTranslate2's form of a ggml model, kept for as long as file and script stay the same. @param {string} model @param {string} python */
async function converted(model, python) {
  const script = join(ROOT, "scripts/bench/ctranslate2_form.py");
  const { size, mtimeMs } = statSync(model);
  const stamp = sha256(`${model} ${size} ${mtimeMs} ${statSync(script).mtimeMs}`).slice(0, 12);
  const folder = join(ROOT, "build/bench/models", `${basename(model, ".bin")}-${stamp}`);
  if (existsSync(folder)) return folder;
  rmSync(`${folder}.part`, { recursive: true, force: true });
  mkdirSync(`${folder}.part`, { recursive: true });
  await outputOf(python, [script, model, `${folder}.part`, LANGUAGE_CODES.join(",")]);
  renameSync(`${folder}.part`, folder);
  return folder;
}

/** @param {string} program @param {string[]} args */
async function outputOf(program, args) {
  /** @type {string[]} */
  const lines = [];
  const { ok, outcome } = await run(program, args, { cwd: ROOT, onLine: (line) => lines.push(line) });
  const last = lines.at(-1)?.trim() ?? "";
  if (!ok) throw new Failure(`${basename(args[0] ?? program)} failed (${outcome}): ${last || "no output"}`);
  return last;
}
