import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { dirname, join } from "node:path";
import { fileStamp } from "../core/file-stamp.js";
import { nativeFolder } from "./addon.js";

const GPU_DEVICE_PATTERN = /^\/dev\/(dri\/render|nvidia|kfd$)/;
/** Enough of /proc/cpuinfo to hold the first processor. */
const CPU_FLAGS_PATTERN = /^(?:flags|Features)\s*:(.*)$/m;

/** Of so many sets of options the newest choices are kept. */
const MOST_KEPT = 8;

interface Entry<Choice> {
  key: string;
  choice: Choice;
  /** Until then it counts; milliseconds since 1970, null: for good. */
  untilMs: number | null;
}

/** Keeps what trying found, for this machine, these binaries and these options. */
export class RememberedChoice<Choice> {
  readonly path: string;
  readonly #key: string;

  /**
   * @param options whatever else the choice depends on
   * @param folder of the binaries
   * @param file beneath the home's `engine`
   */
  constructor(home: string, options: unknown, folder = nativeFolder(), file = "backend.json") {
    this.path = join(home, "engine", file);
    this.#key = createHash("sha256")
      .update(JSON.stringify([options, processor(), environment(), gpuFiles(), binaries(folder)]))
      .digest("hex");
  }

  /** undefined when nothing is known, or only of another machine or binary. */
  read(): Choice | undefined {
    const entry = this.#entries().find(({ key }) => key === this.#key);
    return entry && Date.now() < (entry.untilMs ?? Number.POSITIVE_INFINITY) ? entry.choice : undefined;
  }

  /**
   * Never throws: where it cannot be written, the next start probes again.
   * @param keepMs how long it is remembered; undefined: for good
   */
  async write(choice: Choice, keepMs?: number): Promise<void> {
    const entry: Entry<Choice> = {
      key: this.#key,
      choice,
      untilMs: keepMs === undefined ? null : Date.now() + keepMs,
    };
    const others = this.#entries().filter(({ key }) => key !== this.#key);
    const beside = `${this.path}.${process.pid}`;
    try {
      await mkdir(dirname(this.path), { recursive: true });
      await writeFile(beside, JSON.stringify([entry, ...others].slice(0, MOST_KEPT)));
      await rename(beside, this.path);
    } catch {
      await rm(beside, { force: true }).catch(() => undefined);
    }
  }

  #entries(): Entry<Choice>[] {
    try {
      const entries = JSON.parse(readFileSync(this.path, "utf8"));
      return Array.isArray(entries) ? entries : [];
    } catch {
      return []; // none yet, or cut off in the middle
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

/** A GPU or a driver that comes or goes changes these. */
function gpuFiles(): string[] {
  const namesIn = (folder: string) => {
    try {
      return readdirSync(folder).map((name) => `${folder}/${name}`);
    } catch {
      return [];
    }
  };
  const devices = ["/dev/dri", "/dev"].flatMap(namesIn).filter((path) => GPU_DEVICE_PATTERN.test(path));
  const drivers = ["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d"].flatMap(namesIn);
  return [...devices, ...drivers].sort().concat(nvidiaDriver());
}

function nvidiaDriver(): string {
  try {
    return readFileSync("/proc/driver/nvidia/version", "utf8");
  } catch {
    return "";
  }
}

function binaries(folder: string): string[] {
  return readdirSync(folder)
    .sort()
    .map((name) => `${name} ${fileStamp(statSync(join(folder, name)))}`);
}
