import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { ROOT } from "../setup/root.mjs";

/**
 * A server in a process of its own, with a home of its own, as a user starts it. Its log is kept, not shown.
 * @param {string[]} args of `sotto serve`
 */
export async function startServer(args = []) {
  const home = mkdtempSync(join(tmpdir(), "sotto-stress-"));
  const program = join(ROOT, "dist/main.js");
  const child = spawn(process.execPath, [program, "serve", "--port", "0", "--home", home, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let log = "";
  child.stderr.on("data", (chunk) => {
    log = (log + chunk).slice(-100_000);
  });
  const exited = once(child, "exit");
  /** @type {string} */
  const url = await new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      const match = /^listening on (\S+)$/.exec(line);
      if (match?.[1]) resolve(match[1]);
    });
    void exited.then(() => reject(new Error(`the server ended before it listened:\n${log}`)));
  });
  const pid = /** @type {number} */ (child.pid);
  return {
    url,
    pid,
    home,
    log: () => log,
    isAlive: () => child.exitCode === null && child.signalCode === null,
    enginePids: () => enginesBeneath(pid),
    /** What requests have left in the spool. */
    spooled: () => readdirSync(join(home, "spool")),
    /** Sends SIGTERM; resolves with the exit code. */
    async stop() {
      child.kill("SIGTERM");
      const [code] = await exited;
      rmSync(home, { recursive: true, force: true });
      return code;
    },
  };
}

/** @param {number} parentPid */
export function enginesBeneath(parentPid) {
  const { stdout } = spawnSync("ps", ["-o", "pid=", "--ppid", String(parentPid)], { encoding: "utf8" });
  return stdout.split("\n").filter(Boolean).map(Number).filter(isEngine);
}

/** @param {number} pid */
function isEngine(pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("host.js");
  } catch {
    return false;
  }
}

/** Resident memory in bytes; 0 when the process has ended. @param {number} pid */
export function residentBytesOf(pid) {
  try {
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
