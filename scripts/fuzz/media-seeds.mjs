import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT } from "../setup/root.mjs";

/** Long enough for a word. */
const DURATION_SEC = "1.3";
/** Without it the serial numbers in containers are others in every run. */
const EXACT = ["-fflags", "+bitexact", "-flags", "+bitexact", "-strict", "-2"];

/** File name → how ffmpeg makes it: what phones, browsers, recorders and editors send. @type {Record<string, string[]>} */
const KINDS = {
  "pcm.wav": [],
  "float.wav": ["-c:a", "pcm_f32le", "-ar", "48000", "-ac", "2"],
  "adpcm.wav": ["-c:a", "adpcm_ms"],
  "gsm.wav": ["-c:a", "libgsm_ms", "-ar", "8000"],
  "mulaw.wav": ["-c:a", "pcm_mulaw", "-ar", "8000"],
  "sound.flac": [],
  "sound.mp3": ["-b:a", "48k", "-metadata", "title=a recording"],
  "index-last.m4a": ["-c:a", "aac", "-b:a", "48k"],
  "index-first.m4a": ["-c:a", "aac", "-b:a", "48k", "-movflags", "faststart"],
  "fragments.mp4": ["-c:a", "aac", "-b:a", "48k", "-movflags", "frag_keyframe+empty_moov"],
  "alac.m4a": ["-c:a", "alac"],
  "opus.ogg": ["-c:a", "libopus", "-b:a", "24k"],
  "vorbis.ogg": ["-c:a", "libvorbis", "-ar", "44100"],
  "speex.ogg": ["-c:a", "libspeex"],
  "opus.webm": ["-c:a", "libopus", "-b:a", "24k"],
  "aac.mkv": ["-c:a", "aac", "-b:a", "48k"],
  "raw.aac": ["-c:a", "aac", "-f", "adts"],
  "voice.3gp": ["-c:a", "aac", "-f", "3gp"],
  "sound.avi": ["-c:a", "libmp3lame"],
  "sound.wma": ["-c:a", "wmav2"],
  "sound.aiff": [],
  "sound.caf": [],
  "sound.au": [],
  "sound.ts": ["-c:a", "mp2", "-f", "mpegts"],
  "sound.flv": ["-c:a", "libmp3lame", "-ar", "44100"],
  "sound.ac3": [],
  "sound.wv": [],
  "sound.tta": [],
};

/** @typedef {{ name: string, bytes: Buffer }} Media */

/** @returns {Media[]} right files of every kind, a video and an AMR recording among them */
export function mediaSeeds() {
  const folder = mkdtempSync(join(tmpdir(), "sotto-fuzz-media-"));
  const input = ["-ss", "0.5", "-t", DURATION_SEC, "-i", join(ROOT, "models/demo-en.opus")];
  const ffmpeg = (/** @type {string} */ name, /** @type {string[]} */ args) => {
    const path = join(folder, name);
    execFileSync("ffmpeg", ["-nostdin", "-v", "error", "-y", ...input, ...args, ...EXACT, path]);
    return { name, bytes: readFileSync(path) };
  };
  try {
    const made = Object.entries(KINDS).map(([name, args]) => ffmpeg(name, args));
    const picture = ["-f", "lavfi", "-i", "testsrc=size=32x32:rate=5", "-shortest", "-c:a", "aac"];
    return [...made, ffmpeg("video.mp4", picture), ffmpeg("video.mov", picture), amr()];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Few ffmpegs can write AMR: a second of frames of 12.2 kbit/s, type 7 (RFC 4867, 5.1). */
function amr() {
  const frame = Buffer.alloc(32);
  frame[0] = 0x3c;
  return { name: "voice.amr", bytes: Buffer.concat([Buffer.from("#!AMR\n"), ...Array(50).fill(frame)]) };
}
