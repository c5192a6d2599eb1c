import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A folder that is gone after the test. */
export async function temporaryFolder(context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "sotto-test-"));
  context.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Runs the real ffmpeg; paths may be relative to `folder`. */
export async function ffmpeg(folder: string, ...args: string[]): Promise<void> {
  await run("ffmpeg", ["-nostdin", "-loglevel", "error", "-y", ...args], { cwd: folder });
}

/** ffmpeg arguments of a sine tone as input. */
export function tone(seconds: number): string[] {
  return ["-f", "lavfi", "-i", `sine=frequency=440:sample_rate=16000:duration=${seconds}`];
}

/** ffmpeg arguments of a small moving picture as input. */
export function picture(seconds: number): string[] {
  return ["-f", "lavfi", "-i", `testsrc=size=64x48:rate=10:duration=${seconds}`];
}
