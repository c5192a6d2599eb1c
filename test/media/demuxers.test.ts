import assert from "node:assert/strict";
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { acceptedDemuxers } from "../../src/media/demuxers.js";
import { temporaryFolder } from "./make-audio.js";

/** A program that answers as an ffmpeg with these lists would. */
async function ffmpegThatLists(context: TestContext, demuxers: string, devices: string): Promise<string> {
  const folder = await temporaryFolder(context);
  const path = join(folder, "ffmpeg");
  await writeFile(
    path,
    `#!/bin/sh\ncase "$*" in *-devices*) cat <<X\n${devices}\nX\n;; *) cat <<X\n${demuxers}\nX\n;; esac\n`,
  );
  await chmod(path, 0o755);
  return path;
}

test("formats that open other files, addresses or devices are not accepted", async () => {
  const accepted = new Set((await acceptedDemuxers("ffmpeg")).split(","));
  for (const name of ["hls", "dash", "concat", "sdp", "rtsp", "rtp", "lavfi", "image2", "imf", "tty", "alsa", "v4l2"]) {
    assert.ok(!accepted.has(name), name);
  }
});

test("formats of recordings are accepted", async () => {
  const accepted = new Set((await acceptedDemuxers("ffmpeg")).split(","));
  for (const name of [
    "wav",
    "mp3",
    "mov",
    "m4a",
    "ogg",
    "flac",
    "matroska",
    "webm",
    "aac",
    "amr",
    "aiff",
    "au",
    "caf",
    "asf",
  ]) {
    assert.ok(accepted.has(name), name);
  }
  assert.ok(!accepted.has("="), "the legend is no format");
});

test("a device that only this ffmpeg knows is not accepted", async (context) => {
  const legend = "File formats:\n D. = Demuxing supported\n .E = Muxing supported\n --\n";
  const path = await ffmpegThatLists(
    context,
    `${legend} D  wav  WAV\n D  newcam  A camera`,
    `${legend} DE newcam  A camera`,
  );
  assert.equal(await acceptedDemuxers(path), "wav");
});

test("the list of ffmpeg 7.1, which marks devices in a column of their own, is understood", async (context) => {
  const legend = "Formats:\n D.. = Demuxing supported\n .E. = Muxing supported\n ..d = Is a device\n ---\n";
  const path = await ffmpegThatLists(
    context,
    `${legend} D   3dostr          3DO STR\n D d newcam          Camera\n D   matroska,webm   Matroska\n D   hls             HLS`,
    `${legend} D d newcam          Camera`,
  );
  assert.equal(await acceptedDemuxers(path), "3dostr,matroska,webm");
});

test("an ffmpeg that lists nothing is not trusted with an empty list, and is asked again", async (context) => {
  const path = await ffmpegThatLists(context, "", "");
  await assert.rejects(acceptedDemuxers(path), /no demuxers/);
  await writeFile(path, '#!/bin/sh\necho " D  wav  WAV"\n');
  await assert.rejects(acceptedDemuxers(path), /no demuxers/, "all of them are devices now");
  await writeFile(path, '#!/bin/sh\ncase "$*" in *-demuxers*) echo " D  wav  WAV";; esac\n');
  assert.equal(await acceptedDemuxers(path), "wav");
});
