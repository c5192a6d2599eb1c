import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus, release, type, version } from "node:os";
import { join } from "node:path";
import { usableCores } from "../../core/cores.js";
import { usableMemoryBytes } from "../../core/memory.js";
import { packageRoot } from "../../core/package-root.js";

/** What figures belong to. */
export function describeMachine() {
  return {
    cpu: cpus()[0]?.model ?? "unknown",
    cores: usableCores(),
    memoryBytes: usableMemoryBytes(),
    system: `${type()} ${release()}`,
    kernel: version(),
    architecture: process.arch,
    node: process.version,
  };
}

/** Version and, in a checkout, the commit, with `+` when files differ from it. */
export function describeSotto(): { version: string; commit?: string } {
  const { version: own } = JSON.parse(readFileSync(join(packageRoot(), "package.json"), "utf8")) as { version: string };
  try {
    const git = (...args: string[]) =>
      execFileSync("git", ["-C", packageRoot(), ...args], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    // Beneath node_modules it would be the commit of whatever holds that.
    if (git("ls-files", "package.json").trim() === "") return { version: own };
    const isChanged = git("status", "--porcelain", "--untracked-files=no").trim() !== "";
    return { version: own, commit: `${git("rev-parse", "--short", "HEAD").trim()}${isChanged ? "+" : ""}` };
  } catch {
    return { version: own };
  }
}
