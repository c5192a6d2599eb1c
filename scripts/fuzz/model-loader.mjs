import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";

/** A file that ends whisper.cpp's loader half-way leaks what it had, so a child is not used for ever. */
const LOADS_PER_CHILD = 400;
/** A model of noise can talk for seconds, and on a machine with much else to do for a minute. */
const HANG_MS = 300_000;

/** @typedef {{ end: "decoded" | "refused" | "died" | "hung", detail: string }} LoadEnd */

/** Loads model files in a child process, which is replaced when it dies. */
export class ModelLoader {
  /** @type {import("node:child_process").ChildProcess | undefined} */
  #child;
  #loads = 0;

  /** @param {import("./load-model.mjs").LoadJob} job @returns {Promise<LoadEnd>} */
  async load(job) {
    if (this.#loads >= LOADS_PER_CHILD) this.close();
    this.#child ??= this.#start();
    this.#loads++;
    const child = this.#child;
    const end = await new Promise((resolve) => {
      const timer = setTimeout(() => settle({ end: "hung", detail: `no end within ${HANG_MS / 1000} s` }), HANG_MS);
      const settle = (/** @type {LoadEnd} */ result) => {
        clearTimeout(timer);
        child.removeAllListeners();
        resolve(result);
      };
      child.once("message", (/** @type {{ ok: boolean, code?: string, message?: string }} */ { ok, code, message }) =>
        settle({ end: ok ? "decoded" : "refused", detail: ok ? "" : `${code}: ${message}` }),
      );
      child.once("exit", (code, signal) => settle({ end: "died", detail: String(signal ?? `exit code ${code}`) }));
      child.send(job);
    });
    if (end.end === "died" || end.end === "hung") this.close();
    return end;
  }

  close() {
    this.#child?.kill("SIGKILL");
    this.#child = undefined;
    this.#loads = 0;
  }

  #start() {
    return fork(fileURLToPath(new URL("./load-model.mjs", import.meta.url)), {
      stdio: ["ignore", "ignore", "ignore", "ipc"],
      env: { ...process.env, GOMP_SPINCOUNT: "1000", GGML_NO_BACKTRACE: "1" },
    });
  }
}
