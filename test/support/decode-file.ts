import { execFileSync } from "node:child_process";

/** The samples of a recording, as the engine gets them. */
export function decodeFile(path: string): Int16Array {
  const arguments_ = ["-v", "error", "-i", path, "-f", "s16le", "-ar", "16000", "-ac", "1", "-"];
  const pcm = execFileSync("ffmpeg", arguments_, { maxBuffer: 64 << 20 });
  return new Int16Array(pcm.buffer.slice(pcm.byteOffset, pcm.byteOffset + pcm.byteLength));
}
