import { execFileSync } from "node:child_process";

/** Half an hour. */
const MAX_BYTES = 64e6;

/** The samples of a recording, as the engine gets them. */
export function decodeFile(path: string): Int16Array {
  const args = ["-v", "error", "-i", path, "-f", "s16le", "-ar", "16000", "-ac", "1", "-"];
  const pcm = execFileSync("ffmpeg", args, { maxBuffer: MAX_BYTES });
  return new Int16Array(pcm.buffer.slice(pcm.byteOffset, pcm.byteOffset + pcm.byteLength));
}
