import assert from "node:assert/strict";
import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { after, test } from "node:test";
import { readableBytes, renderFinding } from "../../src/cli/doctor/finding.js";
import { runSotto, temporaryHome } from "../support/sotto.js";

const home = temporaryHome();
after(() => rmSync(home, { recursive: true, force: true }));

test("where all is well the doctor says so of each part, tries the main job, and ends with 0", async () => {
  const { code, stdout, stderr } = await runSotto(["doctor", "--home", home, "--port", "0"]);
  assert.equal(code, 0, stdout + stderr);
  for (const line of [
    /^ok +node +v\d+/m,
    /^ok +ffmpeg +\d/m,
    /^ok +threads +\d+ (×|windows at once on) \d+ of \d+ cores \(affinity \d+, quota (none|[\d.]+)\)/m,
    /^ok +memory +engines may take [\d.]+ GiB of/m,
    /^note +models +default: sotto-mini\n +sotto-mini +\d+ MiB in memory at most: weights [\d.]+ MiB, each of \d+ workers [\d.]+ MiB/m,
    /^note +speech +found by energy: [^\n]+\n +→ for Silero VAD, [^\n]+: npx sotto models pull silero-vad/m,
    /^ok +kernels +(Sotto's own: \w+, for models that suit them\n( +\w+ +(works: products|not tried: better ones work).*\n)+|ggml's: .*\n)/m,
    /^ok +cpu +ggml: \S+\n( +\S+ +(works: products [\d.]+ ms wide, [\d.]+ ms narrow|for another processor|not tried.*)\n)+/m,
    /^ok +gpu +/m,
    /^ok +try +models\/demo-en\.opus in [\d.]+ s with sotto-mini: "Good morning, everyone\."/m,
  ]) {
    assert.match(stdout, line);
  }
});

test("what would keep the main job from being done is a failure with its remedy, and the exit code is 1", async () => {
  const cases: [string[], RegExp][] = [
    [["--ffmpeg", "/does/not/exist/ffmpeg"], /^fail +ffmpeg +it was not found\n +→ Install it/m],
    [
      ["--memory-limit", "100m"],
      /^fail +models +default: sotto-mini, which does not fit[\s\S]*→ choose a smaller one/m,
    ],
    [["--model", "no-such-model"], /^fail +models +The model 'no-such-model' is not installed/m],
    [
      ["--cpu-variant", "z80"],
      /^fail +cpu +expected --cpu-variant auto or one of .*but received 'z80'\.\n +→ npm run build:native/m,
    ],
  ];
  for (const [args, expected] of cases) {
    const { code, stdout } = await runSotto(["doctor", "--home", home, "--port", "0", "--device", "cpu", ...args]);
    assert.match(stdout, expected);
    assert.equal(code, 1, stdout);
    assert.doesNotMatch(stdout, /^ok +try/m);
  }
});

test("what an operator may want to know is a note and no failure", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => taken.once("listening", resolve));
  const { port } = taken.address() as { port: number };
  const args = ["--port", String(port), "--workers", "64", "--threads", "64", "--device", "cuda", "--short-windows"];
  const { code, stdout } = await runSotto(["doctor", "--home", home, ...args]);
  taken.close();
  assert.equal(code, 0, stdout);
  assert.match(stdout, new RegExp(`^note +port +${port} on 127.0.0.1 is in use`, "m"));
  assert.match(
    stdout,
    /^note +windows +encoded only as far as their sound goes \(--short-windows\)\n +→ where a model/m,
  );
  assert.match(stdout, /^note +threads .*\n +→ .*was cut to the cores/m);
  assert.match(stdout, /^note +gpu +the CPU is used, since --device cuda cannot be: its module is not built/m);
});

test("a home that cannot be written is found out, and a broken model is named", async (t) => {
  const broken = temporaryHome();
  t.after(() => rmSync(broken, { recursive: true, force: true }));
  mkdirSync(join(broken, "models"));
  writeFileSync(join(broken, "models", "ggml-cut.bin"), "lmgg");
  assert.match((await runSotto(["doctor", "--home", broken, "--port", "0"])).stdout, / cut +broken: Not a usable/);
  writeFileSync(join(broken, "file"), "");
  const { code, stdout } = await runSotto(["doctor", "--home", join(broken, "file", "home"), "--port", "0"]);
  assert.equal(code, 1);
  assert.match(stdout, /^fail +home .*cannot be written \(ENOTDIR\)\n +→ name another folder/m);
  chmodSync(broken, 0o700);
});

test("findings are lines that can be read and searched", () => {
  const finding = { state: "note", subject: "gpu", text: "none", details: ["one", "two"], remedy: "buy one" } as const;
  assert.equal(
    renderFinding({ ...finding, details: [...finding.details] }),
    "note  gpu        none\n                 one\n                 two\n                 → buy one",
  );
  assert.deepEqual([0, 999, 1536, 5 * 1024 ** 3, 200 * 1024 ** 2].map(readableBytes), [
    "0 B",
    "999 B",
    "1.5 KiB",
    "5.0 GiB",
    "200 MiB",
  ]);
});

test("kernels that were not asked for are not tried, and windows are then divided among the cores", async () => {
  const { code, stdout } = await runSotto([
    "doctor",
    "--home",
    home,
    "--port",
    "0",
    "--device",
    "cpu",
    "--kernels",
    "ggml",
  ]);
  assert.equal(code, 0, stdout);
  assert.match(stdout, /^ok +kernels +ggml's: others were not asked for/m);
  assert.match(stdout, /^ok +threads +\d+ × \d+ of/m);
});
