import { execFileSync } from "node:child_process";
import { cpus } from "node:os";
import { ROOT } from "../setup/root.mjs";

/** What every figure comes with. */
export function measuredOn() {
  return {
    cpu: cpus()[0]?.model,
    cores: cpus().length,
    commit: execFileSync("git", ["rev-parse", "--short", "HEAD"], { cwd: ROOT, encoding: "utf8" }).trim(),
  };
}
