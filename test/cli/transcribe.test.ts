import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, test } from "node:test";
import { fixtureOf } from "../support/fixtures.js";
import { wordsOf } from "../support/post.js";
import { runSotto, temporaryHome } from "../support/sotto.js";

const clip = fixtureOf(1, 8);
const other = fixtureOf(8, 40);
const home = temporaryHome();
const folder = mkdtempSync(join(tmpdir(), "sotto-out-"));
const transcribe = (...args: string[]) => runSotto(["transcribe", "--home", home, ...args]);
after(() => {
  rmSync(home, { recursive: true, force: true });
  rmSync(folder, { recursive: true, force: true });
});

test("a recording's words come on standard output, and nothing else", async () => {
  const { code, stdout, stderr } = await transcribe(clip.path);
  assert.deepEqual([code, stderr], [0, ""]);
  assert.deepEqual(wordsOf(stdout), wordsOf(clip.text));
  assert.ok(stdout.endsWith("\n"));
});

test("every format has the server's shape", async () => {
  assert.match((await transcribe(clip.path, "--format", "srt")).stdout, /^1\n00:00:0/);
  assert.match((await transcribe(clip.path, "--format", "vtt")).stdout, /^WEBVTT\n/);
  const json = JSON.parse((await transcribe(clip.path, "--format", "json")).stdout);
  assert.equal(json.model, "sotto-mini");
  const verbose = JSON.parse(
    (await transcribe(clip.path, "--format", "verbose_json", "--translate", "--language", "en")).stdout,
  );
  assert.deepEqual([verbose.task, verbose.language], ["translate", "english"]);
});

test("--translate keeps the language of the speech", async () => {
  const translate = async (format: string) =>
    JSON.parse((await transcribe(clip.path, "--translate", "--language", "de", "--format", format)).stdout);
  assert.equal((await translate("json")).language, "de");
  const { task, language, language_probability } = await translate("verbose_json");
  assert.deepEqual([task, language, language_probability], ["translate", "german", 1]);
});

test("--out writes one file per recording", async () => {
  const out = join(folder, "deep", "out");
  const { code, stdout } = await transcribe(clip.path, other.path, "--out", out, "--format", "txt");
  assert.deepEqual([code, stdout], [0, ""]);
  assert.equal(readdirSync(out).length, 2);
  const name = `${basename(clip.path).replace(/\.\w+$/, "")}.txt`;
  assert.deepEqual(wordsOf(readFileSync(join(out, name), "utf8")), wordsOf(clip.text));
});

test("a file that fails has one line with its reason, the others are done, and the exit code is 1", async () => {
  const bad = join(folder, "bad.wav");
  writeFileSync(bad, "no sound");
  const { code, stdout, stderr } = await transcribe(bad, clip.path, "/does/not/exist.wav");
  assert.equal(code, 1);
  assert.deepEqual(wordsOf(stdout), wordsOf(clip.text));
  const lines = stderr.trimEnd().split("\n");
  assert.equal(lines.length, 2, stderr);
  assert.match(lines[0] as string, /bad\.wav: The file could not be decoded/);
  assert.match(lines[1] as string, /exist\.wav: .*no such file/i);
});

test("mistakes in the command are told apart from files that fail", async () => {
  assert.deepEqual((await transcribe()).code, 2);
  assert.match((await transcribe(clip.path, "--language", "klingon")).stderr, /language code.*'klingon'/);
  assert.match((await transcribe(clip.path, "--fromat", "srt")).stderr, /did you mean --format/);
});

test("a model may be given by the path of its file", async () => {
  const { code, stderr } = await transcribe(clip.path, "--model", "./no-such-file.bin");
  assert.equal(code, 1);
  assert.match(stderr, /not installed/);
});
