import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileKind, isWithin, kindOf } from "../../src/remote/file-kind.js";

const folder = mkdtempSync(join(tmpdir(), "sotto-kind-"));
const TONE = ["-v", "error", "-f", "lavfi", "-i", "sine=d=1"];

/** What ffmpeg writes, under a name that says nothing. */
const WRITTEN: Record<string, [string[], string | undefined]> = {
  wav: [["-f", "wav"], "wav"],
  flac: [["-f", "flac"], "flac"],
  "ogg with Opus": [["-c:a", "libopus", "-f", "ogg"], "ogg"],
  "ogg with FLAC": [["-c:a", "flac", "-f", "ogg"], "ogg"],
  mp4: [["-c:a", "aac", "-f", "mp4"], "mp4"],
  m4a: [["-c:a", "aac", "-f", "ipod"], "m4a"],
  mov: [["-c:a", "aac", "-f", "mov"], "mp4"],
  webm: [["-c:a", "libopus", "-f", "webm"], "webm"],
  matroska: [["-c:a", "aac", "-f", "matroska"], undefined],
  mp3: [["-c:a", "libmp3lame", "-f", "mp3"], "mp3"],
  "mp3 without tags": [["-c:a", "libmp3lame", "-f", "mp3", "-id3v2_version", "0", "-write_xing", "0"], "mp3"],
  mpeg: [["-c:a", "mp2", "-f", "mpeg"], "mpeg"],
  "aac alone": [["-c:a", "aac", "-f", "adts"], undefined],
  aiff: [["-f", "aiff"], undefined],
  avi: [["-c:a", "pcm_s16le", "-f", "avi"], undefined],
};

for (const [name, [options, kind]] of Object.entries(WRITTEN)) {
  test(`${name} is ${kind ?? "nothing that services name"}`, async () => {
    const path = join(folder, name);
    execFileSync("ffmpeg", [...TONE, ...options, path]);
    assert.equal(await fileKind(path), kind);
  });
}

test("a file too short for a name has none", async () => {
  for (let length = 0; length < 12; length++)
    assert.equal(kindOf(Buffer.from("RIFF....WAVE").subarray(0, length)), undefined);
  const path = join(folder, "empty");
  writeFileSync(path, "");
  assert.equal(await fileKind(path), undefined);
});

test("a service that takes some containers takes their files only", () => {
  assert.ok(isWithin("m4a", ["mp4"]));
  assert.ok(!isWithin("flac", ["mp3", "mp4", "mpeg", "wav", "webm"]));
  assert.ok(!isWithin(undefined, ["wav"]));
  assert.ok(isWithin(undefined, undefined));
});
