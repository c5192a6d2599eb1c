import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Failure } from "../setup/failure.mjs";
import { ROOT } from "../setup/root.mjs";

/**
 * The server that is asked: one that runs, or one of its own, started as `sotto serve` would be here.
 * @param {{ url?: string | undefined, model?: string | undefined }} options
 * @returns {Promise<{ url: string, stop: () => Promise<void> }>}
 */
export async function serverAt({ url, model }) {
  if (url) return { url: url.replace(/\/+$/, ""), stop: async () => {} };
  const args = [join(ROOT, "dist/main.js"), "serve", "--port", "0", ...(model ? ["--model", model] : [])];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  let log = "";
  child.stderr.on("data", (chunk) => {
    log = (log + chunk).slice(-4000);
  });
  const exited = once(child, "exit");
  /** @type {string | undefined} */
  const listening = await new Promise((resolve) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      const match = /^listening on (\S+)$/.exec(line);
      if (match) resolve(match[1]);
    });
    void exited.then(() => resolve(undefined));
  });
  if (!listening) throw new Failure(`The server ended before it listened:\n${log}`);
  return {
    url: listening,
    stop: async () => {
      child.kill("SIGTERM");
      await exited;
    },
  };
}
