import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fixtureOf } from "../support/fixtures.js";
import { postFile, wordsOf } from "../support/post.js";
import { type RunningServer, startServer } from "../support/sotto.js";

const clip = fixtureOf(2, 8);
const folder = mkdtempSync(join(tmpdir(), "sotto-formats-"));
let server: RunningServer;

before(async () => {
  server = await startServer();
});
after(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** File name → what ffmpeg is told to make it. */
const FORMATS: Record<string, string[]> = {
  "a.wav": [],
  "a.mp3": ["-b:a", "64k"],
  "a.m4a": ["-c:a", "aac", "-b:a", "64k"],
  "a.ogg": ["-c:a", "libopus", "-b:a", "32k"],
  "a.flac": [],
  "a.webm": ["-c:a", "libopus", "-b:a", "32k"],
  "stereo-44100.wav": ["-ac", "2", "-ar", "44100"],
};

for (const [name, options] of Object.entries(FORMATS)) {
  test(`${name} gives the words that were said`, async () => {
    const path = join(folder, name);
    execFileSync("ffmpeg", ["-v", "error", "-y", "-i", clip.path, ...options, path]);
    await expectWords(path);
  });
}

test("an MP4 video gives the words that were said in it", async () => {
  const path = join(folder, "video.mp4");
  const picture = ["-f", "lavfi", "-i", "testsrc=size=64x64:rate=5"];
  execFileSync("ffmpeg", ["-v", "error", "-y", "-i", clip.path, ...picture, "-shortest", "-c:a", "aac", path]);
  await expectWords(path);
});

test("the name of a file says nothing of its content", async () => {
  const path = join(folder, "really-flac.mp3");
  execFileSync("ffmpeg", ["-v", "error", "-y", "-i", clip.path, "-f", "flac", path]);
  await expectWords(path);
});

test("silence is an empty transcript, not an error", async () => {
  const path = join(folder, "silence.wav");
  execFileSync("ffmpeg", ["-v", "error", "-y", "-f", "lavfi", "-i", "anullsrc=r=16000:cl=mono", "-t", "5", path]);
  const reply = await postFile(`${server.url}/v1/audio/transcriptions`, path, { response_format: "verbose_json" });
  assert.equal(reply.status, 200);
  const body = (await reply.json()) as { text: string; segments: unknown[]; duration: number };
  assert.deepEqual([body.text, body.segments, body.duration], ["", [], 5]);
});

async function expectWords(path: string): Promise<void> {
  const reply = await postFile(`${server.url}/v1/audio/transcriptions`, path);
  assert.equal(reply.status, 200);
  const { text } = (await reply.json()) as { text: string };
  assert.deepEqual(wordsOf(text), wordsOf(clip.text));
}
