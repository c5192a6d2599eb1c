import { spawnSync } from "node:child_process";
import { closeSync, openSync, readSync } from "node:fs";
import { cpus } from "node:os";

/**
 * What decides the instructions that `-march=native` emits: an addon built for another processor may die with SIGILL,
 * or run without its fastest instructions.
 * @typedef {{ model: string, flags: string }} Cpu
 */

/** @returns {Cpu} */
export function describeCpu() {
  const model = cpus()[0]?.model.trim() ?? "unknown";
  if (process.platform === "linux") return { model, ...parseCpuInfo(firstKilobytes("/proc/cpuinfo", 64)) };
  if (process.platform === "darwin") {
    const asked = spawnSync("sysctl", ["-n", "machdep.cpu.features", "machdep.cpu.leaf7_features"], {
      encoding: "utf8",
    });
    return { model, flags: sorted(asked.stdout ?? "") }; // Apple's own processors have no such list: the model says all
  }
  return { model, flags: "" };
}

/**
 * The first processor of /proc/cpuinfo. On ARM the model is told by numbers that os.cpus() does not know.
 * @param {string} text
 * @returns {{ model?: string, flags: string }}
 */
export function parseCpuInfo(text) {
  const first = text.trim().split(/\n\s*\n/)[0] ?? "";
  /** @param {string} name */
  const value = (name) => new RegExp(`^${name}\\s*:\\s*(.*)$`, "m").exec(first)?.[1]?.trim();
  const part = value("CPU part");
  const flags = sorted(value("flags") ?? value("Features") ?? value("isa") ?? "");
  return part ? { model: `implementer ${value("CPU implementer")} part ${part}`, flags } : { flags };
}

/** @param {string} words */
function sorted(words) {
  return words.split(/\s+/).filter(Boolean).sort().join(" ");
}

/** The file has a paragraph for each core: a machine of 200 cores would need long for all of it. */
/** @param {string} path @param {number} kilobytes */
function firstKilobytes(path, kilobytes) {
  try {
    const file = openSync(path, "r");
    try {
      const buffer = Buffer.alloc(kilobytes * 1024);
      return buffer.toString("utf8", 0, readSync(file, buffer));
    } finally {
      closeSync(file);
    }
  } catch {
    return "";
  }
}
