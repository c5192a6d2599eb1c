import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { dirname, join } from "node:path";
import { fileStamp } from "../core/file-stamp.js";
import { nativeFolder } from "./addon.js";

/** Enough of /proc/cpuinfo to hold the first processor. */
const CPU_FLAGS_PATTERN = /^(?:flags|Features)\s*:(.*)$/m;

/** Keeps what probing found, for this machine, these binaries and these options. */
export class RememberedChoice<Choice> {
  readonly path: string;
  readonly #key: string;

  /** @param options whatever else the choice depends on */
  constructor(home: string, options: unknown, folder = nativeFolder()) {
    this.path = join(home, "engine", "backend.json");
    this.#key = createHash("sha256")
      .update(JSON.stringify([options, processor(), environment(), binaries(folder)]))
      .digest("hex");
  }

  /** undefined when nothing is known, or only of another machine or binary. */
  read(): Choice | undefined {
    try {
      const { key, choice } = JSON.parse(readFileSync(this.path, "utf8")) as { key: string; choice: Choice };
      return key === this.#key ? choice : undefined;
    } catch {
      return undefined; // none yet, or cut off in the middle
    }
  }

  /** Never throws: where it cannot be written, the next start probes again. */
  async write(choice: Choice): Promise<void> {
    const beside = `${this.path}.${process.pid}`;
    try {
      await mkdir(dirname(this.path), { recursive: true });
      await writeFile(beside, JSON.stringify({ key: this.#key, choice }, null, 1));
      await rename(beside, this.path);
    } catch {
      await rm(beside, { force: true }).catch(() => undefined);
    }
  }
}

/** A virtual machine that moves may keep its processor's name and lose some of its instructions. */
function processor(): string[] {
  const flags = () => CPU_FLAGS_PATTERN.exec(readFileSync("/proc/cpuinfo", "latin1"))?.[1] ?? "";
  return [process.arch, cpus()[0]?.model ?? "", process.platform === "linux" ? flags().trim() : ""];
}

/** Which GPUs a driver shows is often said in the environment. */
function environment(): (string | undefined)[] {
  return ["GGML_VK_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES", "VK_ICD_FILENAMES"].map((name) => process.env[name]);
}

function binaries(folder: string): string[] {
  return readdirSync(folder)
    .sort()
    .map((name) => `${name} ${fileStamp(statSync(join(folder, name)))}`);
}
