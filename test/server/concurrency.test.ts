import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { FIXTURES } from "../support/fixtures.js";
import { postFile, wordsOf } from "../support/post.js";
import { type RunningServer, startServer } from "../support/sotto.js";

const CLIPS = 16;
const ROUNDS = 20;
const folder = mkdtempSync(join(tmpdir(), "sotto-many-"));
let server: RunningServer;
let url: string;

before(async () => {
  server = await startServer(["--workers", "2", "--threads", "1"]);
  url = `${server.url}/v1/audio/transcriptions`;
});
after(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Sixteen clips that all say something else: utterances cut out of the fixtures. */
function differentClips(): { path: string; text: string }[] {
  const clips = new Map<string, { path: string; text: string }>();
  for (const fixture of FIXTURES) {
    for (const { startSec, endSec, text } of fixture.utterances) {
      if (clips.size === CLIPS || clips.has(text)) continue;
      const path = join(folder, `${clips.size}.flac`);
      const span = ["-ss", String(Math.max(0, startSec - 0.15)), "-to", String(endSec + 0.15)];
      execFileSync("ffmpeg", ["-v", "error", "-y", "-i", fixture.path, ...span, path]);
      clips.set(text, { path, text });
    }
  }
  assert.equal(clips.size, CLIPS, "the fixtures hold sixteen different utterances");
  return [...clips.values()];
}

test("sixteen different clips sent at once come back each with its own words, twenty times over", async () => {
  const clips = differentClips();
  const transcribe = async ({ path }: { path: string }) => {
    const reply = await postFile(url, path, { language: "en" });
    assert.equal(reply.status, 200);
    return wordsOf(((await reply.json()) as { text: string }).text).join(" ");
  };
  // One by one first: what the model makes of a clip is not the question here.
  const alone: string[] = [];
  for (const clip of clips) alone.push(await transcribe(clip));
  assert.equal(new Set(alone).size, CLIPS, "the clips can be told from each other");
  for (let round = 0; round < ROUNDS; round++) {
    assert.deepEqual(await Promise.all(clips.map(transcribe)), alone, `round ${round + 1}`);
  }
});
