import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fixtureOf } from "./fixtures.js";

/**
 * A recording that keeps an engine busy for as long as a test needs, however fast the machine is: the longest fixture, over and over. It
 * is made without decoding, and goes with the process.
 * @returns the path of an Ogg Opus file
 */
export function longRecording(durationSec: number): string {
  const folder = mkdtempSync(join(tmpdir(), "sotto-long-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "long.opus");
  const loop = ["-stream_loop", "-1", "-t", String(durationSec), "-i", fixtureOf(45, 120).path, "-c", "copy", path];
  execFileSync("ffmpeg", ["-v", "error", ...loop]);
  return path;
}
