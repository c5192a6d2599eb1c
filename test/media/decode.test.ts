import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { chmod, open, readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import type { Spool } from "../../src/core/audio.js";
import { SottoError } from "../../src/core/errors.js";
import { type DecodeJob, decodeToSpool } from "../../src/media/decode.js";
import { SpoolSpace } from "../../src/media/spool-space.js";
import { ffmpeg, picture, temporaryFolder, tone } from "./make-audio.js";

const TWO_SECONDS = 32_000;

function decode(folder: string, name: string, more: Partial<DecodeJob> = {}): Promise<Spool> {
  const inputPath = join(folder, name);
  const outputPath = join(folder, "audio.s16le");
  return decodeToSpool({ inputPath, outputPath, ffmpegPath: "ffmpeg", maximumMs: 3_600_000, ...more });
}

async function refusal(decoding: Promise<Spool>): Promise<SottoError> {
  const error: unknown = await decoding.then(
    () => assert.fail("it was decoded"),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof SottoError, String(error));
  assert.doesNotMatch(error.message, /\/|0x/, "a message holds no path and no address");
  return error;
}

async function rms(spool: Spool): Promise<number> {
  const bytes = await readFile(spool.path);
  let sum = 0;
  for (let offset = 0; offset < bytes.length; offset += 2) sum += bytes.readInt16LE(offset) ** 2;
  return Math.sqrt(sum / (bytes.length / 2));
}

/** A file with a tone of two seconds, by the options that make it and a name that says nothing. */
const CONTAINERS: Record<string, string[]> = {
  wav: ["-f", "wav"],
  "wav with 32-bit floats, 48 kHz, stereo": ["-c:a", "pcm_f32le", "-ar", "48000", "-ac", "2", "-f", "wav"],
  mp3: ["-f", "mp3"],
  m4a: ["-c:a", "aac", "-f", "ipod"],
  mov: ["-c:a", "pcm_s16be", "-f", "mov"],
  "ogg with vorbis": ["-c:a", "libvorbis", "-f", "ogg"],
  "ogg with opus": ["-c:a", "libopus", "-f", "ogg"],
  "webm with opus": ["-c:a", "libopus", "-f", "webm"],
  matroska: ["-c:a", "flac", "-f", "matroska"],
  flac: ["-f", "flac"],
  "aac without container": ["-c:a", "aac", "-f", "adts"],
  aiff: ["-f", "aiff"],
  au: ["-f", "au"],
  caf: ["-f", "caf"],
  "wma in asf": ["-c:a", "wmav2", "-f", "asf"],
  avi: ["-c:a", "mp3", "-f", "avi"],
  mpegts: ["-c:a", "mp2", "-f", "mpegts"],
  "mpeg program stream": ["-c:a", "mp2", "-f", "mpeg"],
  "3gp": ["-c:a", "aac", "-f", "3gp"],
  flv: ["-c:a", "mp3", "-ar", "44100", "-f", "flv"],
  w64: ["-f", "w64"],
  ac3: ["-f", "ac3"],
  wavpack: ["-f", "wv"],
};

for (const [name, options] of Object.entries(CONTAINERS)) {
  test(`a recording in ${name} is decoded, whatever its name`, async (context) => {
    const folder = await temporaryFolder(context);
    await ffmpeg(folder, ...tone(2), ...options, "upload");
    const spool = await decode(folder, "upload");
    assert.ok(Math.abs(spool.sampleCount - TWO_SECONDS) < 2600, `${spool.sampleCount} samples`);
    assert.equal(readFileSync(spool.path).length, spool.sampleCount * 2);
    assert.ok((await rms(spool)) > 1000);
  });
}

test("ffmpeg is ended when the disk comes down to its reserve, and nothing that it wrote stays", async (context) => {
  const folder = await temporaryFolder(context);
  // Hours of silence in a megabyte, which take ffmpeg longer than the time between two looks at the disk.
  await ffmpeg(folder, "-f", "lavfi", "-t", "20000", "-i", "anullsrc=r=16000:cl=mono", "-c:a", "flac", "long.flac");
  const space = new SpoolSpace(folder, 0);
  let demands = 0;
  context.mock.method(space, "demand", async () => {
    if (demands++ > 0) throw new SottoError("storage_full", "");
  });
  const refused = await refusal(decode(folder, "long.flac", { space, maximumMs: 100_000_000 }));
  assert.equal(refused.code, "storage_full");
  assert.ok(!existsSync(join(folder, "audio.s16le")));
});

test("an AMR recording is decoded", async (context) => {
  const folder = await temporaryFolder(context);
  // Debian's ffmpeg has no AMR encoder: 50 frames of 12.2 kbit/s, type 7, with the parameters all zero (RFC 4867, 5.1).
  const frame = Buffer.alloc(32);
  frame[0] = 0x3c;
  await writeFile(join(folder, "upload"), Buffer.concat([Buffer.from("#!AMR\n"), ...Array(50).fill(frame)]));
  const { sampleCount } = await decode(folder, "upload");
  assert.ok(Math.abs(sampleCount - 16_000) < 400, `${sampleCount} samples`);
});

test("the sound of a video is decoded", async (context) => {
  const folder = await temporaryFolder(context);
  await ffmpeg(folder, ...picture(2), ...tone(2), "-c:a", "aac", "video.mp4");
  const { sampleCount } = await decode(folder, "video.mp4");
  assert.ok(Math.abs(sampleCount - TWO_SECONDS) < 2600);
});

test("of several audio streams the first is decoded", async (context) => {
  const folder = await temporaryFolder(context);
  await ffmpeg(folder, ...tone(1), ...tone(3), "-map", "0", "-map", "1", "-c:a", "pcm_s16le", "two.mka");
  assert.equal((await decode(folder, "two.mka")).sampleCount, 16_000);
});

test("a video without sound has no audio stream", async (context) => {
  const folder = await temporaryFolder(context);
  await ffmpeg(folder, ...picture(1), "video.mp4");
  assert.equal((await refusal(decode(folder, "video.mp4"))).code, "no_audio_stream");
});

test("a picture has no audio stream", async (context) => {
  const folder = await temporaryFolder(context);
  await ffmpeg(folder, ...picture(1), "-frames:v", "1", "picture.png");
  assert.equal((await refusal(decode(folder, "picture.png"))).code, "no_audio_stream");
});

test("text in a file named .wav is undecodable", async (context) => {
  const folder = await temporaryFolder(context);
  await writeFile(join(folder, "talk.wav"), "This is no recording.\n".repeat(200));
  assert.equal((await refusal(decode(folder, "talk.wav"))).code, "undecodable_audio");
});

test("zero bytes and a single byte are undecodable", async (context) => {
  const folder = await temporaryFolder(context);
  for (const content of ["", "x"]) {
    await writeFile(join(folder, "upload"), content);
    assert.equal((await refusal(decode(folder, "upload"))).code, "undecodable_audio");
  }
});

test("a wav header without samples is undecodable", async (context) => {
  const folder = await temporaryFolder(context);
  await ffmpeg(folder, ...tone(1), "-bitexact", "tone.wav");
  await truncate(join(folder, "tone.wav"), 44);
  assert.equal((await refusal(decode(folder, "tone.wav"))).code, "undecodable_audio");
});

test("an mp3 that breaks off yields what is there", async (context) => {
  const folder = await temporaryFolder(context);
  await ffmpeg(folder, ...tone(10), "-b:a", "32k", "tone.mp3");
  await truncate(join(folder, "tone.mp3"), 20_000);
  const { sampleCount } = await decode(folder, "tone.mp3");
  assert.ok(sampleCount > 4 * 16_000 && sampleCount < 6 * 16_000, `${sampleCount} samples`);
});

test("an mp4 with its index in front that breaks off yields what is there", async (context) => {
  const folder = await temporaryFolder(context);
  await ffmpeg(folder, ...tone(10), "-c:a", "aac", "-b:a", "32k", "-movflags", "faststart", "tone.m4a");
  await truncate(join(folder, "tone.m4a"), 20_000);
  const { sampleCount } = await decode(folder, "tone.m4a");
  assert.ok(sampleCount > 16_000 && sampleCount < 9 * 16_000, `${sampleCount} samples`);
});

test("an m4a whose index at the end was cut off is undecodable, and the message says so", async (context) => {
  const folder = await temporaryFolder(context);
  await ffmpeg(folder, ...tone(10), "-c:a", "aac", "tone.m4a");
  await truncate(join(folder, "tone.m4a"), 10_000);
  const error = await refusal(decode(folder, "tone.m4a"));
  assert.equal(error.code, "undecodable_audio");
  assert.match(error.message, /moov/);
});

for (const claimed of [0, 0x7fff_ffff, 0xffff_ffff]) {
  test(`a streamed wav whose header claims ${claimed} bytes yields what is there`, async (context) => {
    const folder = await temporaryFolder(context);
    await ffmpeg(folder, ...tone(2), "-bitexact", "tone.wav");
    const bytes = await readFile(join(folder, "tone.wav"));
    bytes.writeUInt32LE(claimed, 4);
    bytes.writeUInt32LE(claimed, bytes.indexOf("data") + 4);
    await writeFile(join(folder, "tone.wav"), bytes);
    assert.equal((await decode(folder, "tone.wav")).sampleCount, TWO_SECONDS);
  });
}

test("audio under 100 ms is too short, and the message says how long it is", async (context) => {
  const folder = await temporaryFolder(context);
  await ffmpeg(folder, ...tone(0.05), "tone.wav");
  const error = await refusal(decode(folder, "tone.wav"));
  assert.equal(error.code, "audio_too_short");
  assert.match(error.message, /0\.1 s.*0\.05 s/);
});

test("audio of exactly 100 ms is long enough, and of exactly the maximum not too long", async (context) => {
  const folder = await temporaryFolder(context);
  await ffmpeg(folder, ...tone(0.1), "tone.wav");
  assert.equal((await decode(folder, "tone.wav", { maximumMs: 100 })).sampleCount, 1600);
});

test("longer audio than allowed is refused without being decoded to its end", async (context) => {
  const folder = await temporaryFolder(context);
  await ffmpeg(folder, ...tone(600), "-b:a", "32k", "tone.mp3");
  const biggest = watchSize(join(folder, "audio.s16le"));
  const error = await refusal(decode(folder, "tone.mp3", { maximumMs: 5000 }));
  assert.equal(error.code, "audio_too_long");
  assert.match(error.message, /at most 5 s/);
  assert.ok(biggest() <= 6.1 * 32_000, `${biggest()} bytes`);
});

function watchSize(path: string): () => number {
  let biggest = 0;
  const timer = setInterval(() => {
    if (existsSync(path)) biggest = Math.max(biggest, readFileSync(path).length);
  }, 5);
  return () => {
    clearInterval(timer);
    return biggest;
  };
}

test("playlists, scripts and session files are refused: they could open other files and addresses", async (context) => {
  const folder = await temporaryFolder(context);
  await ffmpeg(folder, ...tone(2), "secret.wav");
  await ffmpeg(folder, ...tone(2), "-c:a", "aac", "secret.ts");
  const secret = join(folder, "secret");
  const hls = (target: string) => `#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:2,\n${target}\n#EXT-X-ENDLIST\n`;
  const sdp = "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n";
  const mpd =
    '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-main:2011" ' +
    `type="static"><Period><AdaptationSet mimeType="audio/mp4"><Representation id="1"><BaseURL>file://${secret}.wav` +
    "</BaseURL></Representation></AdaptationSet></Period></MPD>";
  const traps: Record<string, string> = {
    "hls with a file": hls(`${secret}.ts`),
    "hls with a relative file": hls("secret.ts"),
    "hls with a url": hls("http://127.0.0.1:9/secret.ts"),
    "hls with concat": hls(`concat:${secret}.ts|${secret}.ts`),
    "ffconcat with a file": "ffconcat version 1.0\nfile 'secret.wav'\n",
    "ffconcat with a url": "ffconcat version 1.0\nfile 'http://127.0.0.1:9/secret.wav'\n",
    sdp,
    dash: mpd,
    "rtsp reference": "rtsp://127.0.0.1:9/secret",
  };
  for (const [name, content] of Object.entries(traps)) {
    await writeFile(join(folder, "upload"), content);
    const error = await refusal(decode(folder, "upload"));
    assert.equal(error.code, "undecodable_audio", name);
    assert.ok(!existsSync(join(folder, "audio.s16le")), name);
  }
});

test("a name that looks like an option or a protocol is only a name", async (context) => {
  const folder = await temporaryFolder(context);
  await ffmpeg(folder, ...tone(1), "tone.wav");
  const content = await readFile(join(folder, "tone.wav"));
  for (const name of ["-version", "http:x", "a b", "concat:a|b", "%03d", "q'`$(id)"]) {
    await writeFile(join(folder, name), content);
    assert.equal((await decode(folder, name)).sampleCount, 16_000, name);
  }
});

test("an output name with spaces, colons and percent signs is written as it is", async (context) => {
  const folder = await temporaryFolder(context);
  await ffmpeg(folder, ...tone(1), "tone.wav");
  const outputPath = join(folder, "a b: %d");
  const spool = await decode(folder, "tone.wav", { outputPath });
  assert.deepEqual(spool, { path: outputPath, sampleCount: 16_000 });
});

test("without ffmpeg the decoder is missing, also when it was there before, and the process lives", async (context) => {
  const folder = await temporaryFolder(context);
  await ffmpeg(folder, ...tone(1), "tone.flac");
  await decode(folder, "tone.flac");
  const error = await refusal(decode(folder, "tone.flac", { ffmpegPath: "no-such-ffmpeg" }).catch(withoutUrl));
  assert.equal(error.code, "decoder_missing");
  assert.equal(error.status, 503);

  const vanishing = await wrapper(folder, 'case "$*" in *-demuxers*) rm -f "$0";; esac; exec ffmpeg "$@"');
  const late = await refusal(decode(folder, "tone.flac", { ffmpegPath: vanishing }).catch(withoutUrl));
  assert.equal(late.code, "decoder_missing");
});

/** The remedy may hold a URL, which is no path. */
function withoutUrl(error: Error): never {
  error.message = error.message.replace(/https:\S+/, "");
  throw error;
}

/** A program that is run instead of ffmpeg. */
async function wrapper(folder: string, script: string): Promise<string> {
  const path = join(folder, `ffmpeg-${Math.random().toString(36).slice(2)}`);
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
  return path;
}

test("ffmpeg is asked what it can do once, not for each request", async (context) => {
  const folder = await temporaryFolder(context);
  await ffmpeg(folder, ...tone(1), "tone.flac");
  const counting = await wrapper(folder, `echo "$*" >> ${join(folder, "calls")}; exec ffmpeg "$@"`);
  for (let i = 0; i < 3; i++) await decode(folder, "tone.flac", { ffmpegPath: counting });
  const calls = readFileSync(join(folder, "calls"), "utf8").trim().split("\n");
  assert.equal(calls.filter((call) => call.includes("-i ")).length, 3);
  assert.ok(calls.length <= 7, calls.map((call) => call.slice(0, 40)).join("\n"));
});

test("an abort kills ffmpeg at once and rejects with the signal's reason", async (context) => {
  const folder = await temporaryFolder(context);
  // A FIFO that nobody writes to holds ffmpeg in its first read.
  await promisify(execFile)("mkfifo", [join(folder, "upload")]);
  const writer = await open(join(folder, "upload"), "r+");
  context.after(() => writer.close());
  const leaving = new AbortController();
  const reason = new Error("the client left");
  const decoding = decode(folder, "upload", { signal: leaving.signal });
  while (ffmpegsOn(folder) === 0) await sleep(10);
  const before = performance.now();
  leaving.abort(reason);
  await assert.rejects(decoding, (error) => error === reason);
  assert.ok(performance.now() - before < 20_000, "it would never have ended by itself");
  assert.equal(ffmpegsOn(folder), 0, "ffmpeg has ended before the promise settles");
  assert.ok(!existsSync(join(folder, "audio.s16le")));
});

test("an abort before the start rejects with the signal's reason and starts nothing", async (context) => {
  const folder = await temporaryFolder(context);
  const reason = new Error("gone already");
  await assert.rejects(decode(folder, "missing", { signal: AbortSignal.abort(reason) }), (error) => error === reason);
});

test("an abort while ffmpeg is being started is not lost", async (context) => {
  const folder = await temporaryFolder(context);
  await ffmpeg(folder, ...tone(600), "tone.wav");
  for (let delayMs = 0; delayMs < 20; delayMs += 2) {
    const reason = new Error(`after ${delayMs} ms`);
    const leaving = new AbortController();
    setTimeout(() => leaving.abort(reason), delayMs);
    await assert.rejects(decode(folder, "tone.wav", { signal: leaving.signal }), (error) => error === reason);
    assert.equal(ffmpegsOn(folder), 0);
  }
});

test("ffmpeg that makes no progress is killed", async (context) => {
  const folder = await temporaryFolder(context);
  await promisify(execFile)("mkfifo", [join(folder, "upload")]);
  const writer = await open(join(folder, "upload"), "r+");
  context.after(() => writer.close());
  const error = await refusal(decode(folder, "upload", { stallMs: 300 }));
  assert.equal(error.code, "undecodable_audio");
  assert.match(error.message, /no progress/);
  assert.equal(ffmpegsOn(folder), 0);
});

/** Running ffmpeg processes with an argument in `folder`; 0 where there is no /proc to look in. */
function ffmpegsOn(folder: string): number {
  if (process.platform !== "linux") return 0;
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const isFfmpeg = readlinkSync(`/proc/${pid}/exe`).endsWith("/ffmpeg");
        return isFfmpeg && readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(folder);
      } catch {
        return false;
      }
    }).length;
}

test("a crash of ffmpeg is the fault of the file, also when something was decoded", async (context) => {
  const folder = await temporaryFolder(context);
  await ffmpeg(folder, ...tone(1), "tone.flac");
  const crashing = await wrapper(folder, 'ffmpeg "$@" || exit; case "$*" in *-i*) kill -SEGV $$;; esac');
  const error = await refusal(decode(folder, "tone.flac", { ffmpegPath: crashing }));
  assert.equal(error.code, "undecodable_audio");
});

test("a full disk is said to be one", { skip: !existsSync("/dev/full") }, async (context) => {
  const folder = await temporaryFolder(context);
  await ffmpeg(folder, ...tone(60), "tone.flac");
  await ffmpeg(folder, ...tone(0.5), "short.flac");
  // The last argument is the output; a device takes its place.
  const full = await wrapper(
    folder,
    'case "$*" in *-i\\ *) i=0; n=$#; while [ $i -lt $((n-1)) ]; do set -- "$@" "$1"; shift; i=$((i+1)); done; shift; set -- "$@" /dev/full;; esac; exec ffmpeg "$@"',
  );
  for (const name of ["tone.flac", "short.flac"]) {
    assert.equal((await refusal(decode(folder, name, { ffmpegPath: full }))).code, "storage_full", name);
  }
});

test("many recordings at once are each decoded to their own file", async (context) => {
  const folder = await temporaryFolder(context);
  const seconds = [1, 2, 3, 4];
  await Promise.all(seconds.map((length) => ffmpeg(folder, ...tone(length), `${length}.wav`)));
  const spools = await Promise.all(
    seconds.map((length) => decode(folder, `${length}.wav`, { outputPath: join(folder, `${length}.s16le`) })),
  );
  assert.deepEqual(
    spools.map(({ sampleCount }) => sampleCount),
    seconds.map((length) => length * 16_000),
  );
});
