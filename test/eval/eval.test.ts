import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { packageRoot } from "../../src/core/package-root.js";
import { FIXTURES } from "../support/fixtures.js";
import { type RunningServer, startServer } from "../support/sotto.js";
import { evalModule } from "./modules.js";

const { wavOf } = await evalModule<{ wavOf(pieces: Float32Array[], rateHz: number): Buffer }>("wav");
const folder = mkdtempSync(join(tmpdir(), "sotto-eval-"));
let server: RunningServer;
before(async () => {
  server = await startServer();
});
after(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function evaluate(...args: string[]) {
  const program = join(packageRoot(), "scripts/eval/main.mjs");
  const child = spawn(process.execPath, [program, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk) => {
    stdout += chunk;
  });
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  const [code] = (await once(child, "close")) as [number];
  return { code, stdout, stderr };
}

test("a folder of recordings and texts is judged: words, times, false text, in a table and in JSON", async () => {
  for (const { file, path, text, utterances } of FIXTURES.filter(({ durationSec }) => durationSec < 4)) {
    const base = join(folder, file.replace(/\.\w+$/, ""));
    copyFileSync(path, join(folder, file));
    writeFileSync(`${base}.txt`, `${text}\n`);
    const segments = utterances.map(({ startSec, endSec, text: said }) => ({
      start: startSec,
      end: endSec,
      text: said,
    }));
    writeFileSync(`${base}.json`, JSON.stringify({ segments }));
  }
  writeFileSync(join(folder, "silence.wav"), wavOf([new Float32Array(32_000)], 16_000));
  writeFileSync(join(folder, "silence.txt"), "");
  writeFileSync(join(folder, "no-text.wav"), wavOf([new Float32Array(32_000)], 16_000));

  const json = join(folder, "result.json");
  const args = ["--url", server.url, "--normaliser", "basic", "--alignments", "--json", json];
  const { code, stdout, stderr } = await evaluate(folder, ...args);
  assert.equal(code, 0, stderr);
  const { summary, files } = JSON.parse(readFileSync(json, "utf8"));
  assert.equal(summary.wordErrorRate, 0);
  assert.equal(summary.falseTextRate, 0);
  assert.ok(summary.segmentStartErrorSec.p95 < 0.2, JSON.stringify(summary));
  assert.ok(!files.some(({ file }: { file: string }) => file === "no-text.wav"));
  assert.match(stdout, /^silence\.wav .* 0$/m);
  assert.match(stdout, /^all \d+ .* 0\.0 % .* 0 of 1 files$/m);
  assert.match(stdout, /every word was heard right$/m);

  writeFileSync(join(folder, "three-digits.txt"), "three one five six");
  const wrong = await evaluate(folder, ...args);
  assert.match(wrong.stdout, /three-digits\.flac: (one \[five→four\], five \[six→\]|one \[five→\], five \[six→four\])/);
});

test("a folder that holds nothing to judge, and a server that refuses, are told in one line", async () => {
  const empty = join(folder, "empty");
  mkdirSync(empty, { recursive: true });
  for (const [args, expected] of [
    [[empty], /Expected recordings with texts beside them/],
    [[join(folder, "absent")], /Expected a folder of recordings/],
    [[], /Expected one folder/],
    [[folder, "--url", server.url, "--model", "no-such-model"], /no-such-model/],
  ] as const) {
    const { code, stderr, stdout } = await evaluate(...args);
    assert.equal(code, 1);
    assert.match(stderr + stdout, expected);
    assert.ok(!/\n\s+at /.test(stderr), stderr);
  }
});

test("clips made of single digits say where each word is", async () => {
  const source = join(folder, "digits");
  const out = join(folder, "made");
  mkdirSync(source, { recursive: true });
  const seven = FIXTURES.find(({ text }) => text === "seven");
  assert.ok(seven);
  copyFileSync(seven.path, join(source, "7_rms_0.flac"));
  const program = join(packageRoot(), "scripts/eval/compose-digits.mjs");
  const child = spawn(process.execPath, [program, source, out, "--clips", "2", "--seconds", "6"]);
  assert.deepEqual(await once(child, "close"), [0, null]);
  const { words, segments } = JSON.parse(readFileSync(join(out, "digits-001.json"), "utf8"));
  assert.ok(words.length > 0 && segments.length > 0 && existsSync(join(out, "digits-001.txt")));
  const wav = readFileSync(join(out, "digits-001.wav"));
  const samples = new Int16Array(wav.buffer.slice(wav.byteOffset + 44, wav.byteOffset + wav.length));
  const isLoud = (fromSec: number, toSec: number) =>
    samples.subarray(Math.round(fromSec * 16_000), Math.round(toSec * 16_000)).some((sample) => Math.abs(sample) > 300);
  let earlier = 0;
  for (const { start, end } of words) {
    assert.ok(start >= earlier && isLoud(start, end) && !isLoud(earlier, start - 0.001));
    earlier = end + 0.001;
  }
});
