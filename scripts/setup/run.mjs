import { spawn } from "node:child_process";
import { constants } from "node:os";
import { createInterface } from "node:readline";

/**
 * Runs one program of the set-up to its end, in a process group of its own: cargo and npm do not pass a signal on to
 * their children, so on SIGINT, SIGTERM or SIGHUP the whole group is ended. Once nothing runs the handlers are gone,
 * and signals belong to the server.
 */
const ENDING_SIGNALS = /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"]);

/** @type {Set<import("node:child_process").ChildProcess>} */
const running = new Set();

/**
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd: string, env?: NodeJS.ProcessEnv, onLine?: (line: string) => void, stdout?: "own" }} options
 *   Without `onLine` the program's output goes to standard error; `stdout: "own"` leaves it its standard output.
 * @returns {Promise<{ ok: boolean, outcome: string, exitCode: number }>} `outcome` reads like "exit code 1"
 */
export function run(command, args, { cwd, env = process.env, onLine, stdout }) {
  const output = onLine ? "pipe" : process.stderr.fd;
  const stdio = /** @type {const} */ (["ignore", stdout === "own" ? "inherit" : output, output]);
  const child = spawn(command, args, { cwd, env, detached: true, stdio: [...stdio] });
  follow(child);
  const lines = onLine ? Promise.all([eachLine(child.stdout, onLine), eachLine(child.stderr, onLine)]) : undefined;
  return new Promise((resolve) => {
    child.once("error", (error) => {
      unfollow(child);
      resolve({ ok: false, outcome: error.message, exitCode: 1 });
    });
    child.once("close", async (code, signal) => {
      unfollow(child);
      await lines;
      const exitCode = code ?? 128 + (signal ? constants.signals[signal] : 0);
      resolve({ ok: code === 0, outcome: signal ? `signal ${signal}` : `exit code ${code}`, exitCode });
    });
  });
}

/** @param {import("node:stream").Readable | null} stream @param {(line: string) => void} onLine */
async function eachLine(stream, onLine) {
  if (!stream) return;
  for await (const line of createInterface({ input: stream })) onLine(line);
}

/** @param {import("node:child_process").ChildProcess} child */
function follow(child) {
  if (running.size === 0) for (const signal of ENDING_SIGNALS) process.on(signal, endAll);
  running.add(child);
}

/** @param {import("node:child_process").ChildProcess} child */
function unfollow(child) {
  running.delete(child);
  if (running.size === 0) for (const signal of ENDING_SIGNALS) process.removeListener(signal, endAll);
}

/** @param {NodeJS.Signals} signal */
function endAll(signal) {
  for (const child of running) {
    try {
      if (child.pid) process.kill(-child.pid, "SIGTERM");
    } catch {
      // It ended a moment ago.
    }
  }
  process.exit(128 + constants.signals[signal]);
}
