import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { CLIP_SECONDS, scriptedClip } from "../../src/cli/bench/recordings.js";
import { CODE_COUNT, SEGMENTS, scriptedWords } from "../../src/cli/bench/scripted-text.js";
import { packageRoot } from "../../src/core/package-root.js";
import { runSotto, temporaryHome } from "../support/sotto.js";

test("every code has a text of its own, 80 words for a whole window, and shorter sound has the beginning of it", () => {
  const texts = Array.from({ length: CODE_COUNT }, (_, code) => scriptedWords(code, 30).join(" "));
  assert.equal(new Set(texts).size, 64);
  assert.ok(texts.every((text) => text.split(" ").length === 80));
  const beginnings = texts.map((_, code) => scriptedWords(code, 3).join(" "));
  assert.equal(new Set(beginnings).size, 64, "eight words are enough to tell windows apart");
  for (const [code, text] of texts.entries()) assert.ok(text.startsWith(beginnings[code] as string));
  assert.equal(scriptedWords(0, 11).length, 29);
  assert.ok(CLIP_SECONDS.every((seconds) => SEGMENTS.some(({ endSec }) => endSec === seconds)));
});

test("a full-size model says what the sound tells it to, for as long as there is sound", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "sotto-scripted-"));
  const home = temporaryHome();
  t.after(() => {
    rmSync(folder, { recursive: true, force: true });
    rmSync(home, { recursive: true, force: true });
  });
  const model = join(folder, "ggml-tiny-scripted.bin");
  const script = join(packageRoot(), "scripts/bench/scripted-model.mjs");
  const { status, stderr } = spawnSync(process.execPath, [script, "tiny", model], { encoding: "utf8" });
  assert.equal(status, 0, stderr);
  const clips = [scriptedClip(3, 2), scriptedClip(3, 9), scriptedClip(11, 31), scriptedClip(27, 5)];
  assert.equal(new Set(clips.map(({ words = [] }) => words.slice(0, 8).join(" "))).size, 4);
  for (const [index, { wav, words = [] }] of clips.entries()) {
    const path = join(folder, `${index}.wav`);
    writeFileSync(path, wav);
    for (const options of [[], ["--short-windows"]]) {
      const heard = await runSotto(["transcribe", path, "--home", home, "--model", model, ...options]);
      assert.deepEqual(heard.stdout.trim().split(/\s+/), words, heard.stderr);
    }
  }
});

test("a size or a rival that nobody knows is one line that names those there are", () => {
  const run = (...args: string[]) => {
    const [script = "", ...rest] = args;
    const path = join(packageRoot(), "scripts/bench", script);
    return spawnSync(process.execPath, [path, ...rest], { encoding: "utf8" });
  };
  const size = run("scripted-model.mjs", "gigantic", "/does/not/exist/model.bin");
  assert.match(size.stderr, /Expected one of tiny, base, small, medium, but received 'gigantic'/);
  const rival = run("rival.mjs", "parrot", "--model", "model.bin");
  assert.match(rival.stderr, /Expected one of whisper\.cpp, faster-whisper/);
  for (const { status, stdout, stderr } of [size, rival]) {
    assert.deepEqual([status, stdout, stderr.trimEnd().split("\n").length], [1, "", 1]);
  }
});
