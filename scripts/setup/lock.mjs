import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ROOT } from "./root.mjs";
import { say } from "./say.mjs";

/**
 * One set-up at a time in a checkout: two that install packages or build would write over each other.
 */
const LOCK = join(ROOT, "build/setup.lock");
const LOOK_AGAIN_AFTER_MS = 500;

/**
 * @param {() => Promise<void>} work
 */
export async function withLock(work) {
  mkdirSync(dirname(LOCK), { recursive: true });
  let told = false;
  while (!take()) {
    if (!told) {
      const lock = relative(ROOT, LOCK);
      say(`waiting for another set-up in this checkout, process ${holder()}. If there is none, delete ${lock}`);
    }
    told = true;
    await sleep(LOOK_AGAIN_AFTER_MS);
  }
  const release = () => rmSync(LOCK, { force: true });
  process.once("exit", release);
  try {
    await work();
  } finally {
    process.removeListener("exit", release);
    release();
  }
}

function take() {
  const pid = holder();
  // 0: there is none, or its holder is about to write its number
  if (pid > 0 && !isAlive(pid)) rmSync(LOCK, { force: true });
  try {
    writeFileSync(LOCK, String(process.pid), { flag: "wx" });
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== "EEXIST") throw error;
    return false;
  }
}

function holder() {
  try {
    return Number(readFileSync(LOCK, "utf8")) || 0;
  } catch {
    return 0;
  }
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === "EPERM"; // alive, and another user's
  }
}
