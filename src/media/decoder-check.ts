import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { type SottoError, sottoError } from "../core/errors.js";

const run = promisify(execFile);

const ASK_TIMEOUT_MS = 30_000;

/** Whether ffmpeg is there. */
export type DecoderState = { found: true; version: string } | { found: false; remedy: string };

/** Runs `ffmpeg -version`. Never throws. */
export async function findDecoder(ffmpegPath: string): Promise<DecoderState> {
  try {
    const { stdout } = await run(ffmpegPath, ["-version"], { timeout: ASK_TIMEOUT_MS });
    const version = /^ffmpeg version (\S+)/.exec(stdout)?.[1];
    return version ? { found: true, version } : { found: false, remedy: decoderRemedy() };
  } catch {
    return { found: false, remedy: decoderRemedy() };
  }
}

/** `decoder_missing` with what to do about it on this machine. */
export function decoderMissing(cause: unknown): SottoError {
  return sottoError("decoder_missing", { remedy: decoderRemedy() }, { cause });
}

/** Whether a program could not be run because it is not there, or is no program. */
export function saysNotRunnable(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "ENOENT" || code === "EACCES" || code === "ENOEXEC" || code === "ENOTDIR";
}

/** What installs ffmpeg, by `ID` and `ID_LIKE` of os-release (https://www.freedesktop.org/software/systemd/man/os-release.html). */
const INSTALL: Record<string, string> = {
  debian: "sudo apt-get install ffmpeg",
  ubuntu: "sudo apt-get install ffmpeg",
  fedora: "sudo dnf install ffmpeg-free",
  rhel: "sudo dnf install ffmpeg-free",
  alpine: "sudo apk add ffmpeg",
  arch: "sudo pacman -S ffmpeg",
  suse: "sudo zypper install ffmpeg",
  opensuse: "sudo zypper install ffmpeg",
};

/**
 * One sentence on how to get ffmpeg.
 * @param osRelease text of `/etc/os-release`; read when absent
 */
export function decoderRemedy(
  platform: NodeJS.Platform = process.platform,
  osRelease = readOsRelease(platform),
): string {
  const install = platform === "darwin" ? "brew install ffmpeg" : INSTALL[distribution(osRelease)];
  return `${install ? `Install it (${install})` : "Install it (https://ffmpeg.org/download.html)"} or name it with --ffmpeg.`;
}

function distribution(osRelease: string): string {
  const value = (key: string) => new RegExp(`^${key}="?([^"\\n]*)`, "m").exec(osRelease)?.[1] ?? "";
  const names = `${value("ID")} ${value("ID_LIKE")}`.split(/\s+/);
  return names.find((name) => Object.hasOwn(INSTALL, name)) ?? "";
}

function readOsRelease(platform: NodeJS.Platform): string {
  if (platform !== "linux") return "";
  try {
    return readFileSync("/etc/os-release", "utf8");
  } catch {
    return "";
  }
}
