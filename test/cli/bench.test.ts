import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { isRight } from "../../src/cli/bench/measure.js";
import { runSotto, temporaryHome } from "../support/sotto.js";

const home = temporaryHome();
const folder = mkdtempSync(join(tmpdir(), "sotto-out-"));
after(() => {
  rmSync(home, { recursive: true, force: true });
  rmSync(folder, { recursive: true, force: true });
});
const bench = (...args: string[]) => runSotto(["bench", "--home", home, ...args], { TMPDIR: folder });

interface Clip {
  audioSec: number;
  p50Ms: number;
  p95Ms: number;
  answers: number;
}

test("the installed model is measured: a table and a line of JSON on standard output", async () => {
  const { code, stdout, stderr } = await bench("--rounds", "1", "--clients", "2");
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^sotto-mini \(q5_1\), \d+ threads, models\/demo-en\.opus/);
  assert.match(stdout, /^ +times as fast as it plays +[\d.]+$/m);
  assert.match(stdout, /^11 s clip, p50 \/ p95 +\d+ ms \/ \d+ ms$/m);
  assert.match(stdout, /^2 clients, audio s in a s +[\d.]+$/m);
  assert.match(stdout, /^wrong answers +0 of 15$/m);

  const { figures, model, plan, machine, rounds } = JSON.parse(stdout.trimEnd().split("\n").at(-1) as string);
  assert.equal(model.id, "sotto-mini");
  assert.ok(machine.cores >= 1 && plan.longSec >= 30);
  const [own] = figures;
  assert.deepEqual(
    own.clips.map(({ audioSec, answers }: Clip) => [audioSec, answers]),
    [
      [3, 3],
      [11, 3],
      [30, 3],
    ],
  );
  for (const { p50Ms, p95Ms } of own.clips as Clip[]) assert.ok(p50Ms > 0 && p95Ms >= p50Ms);
  const [load] = rounds[0].rounds[0].loads;
  assert.deepEqual([load.clients, load.answersMs.length, load.audioSec], [2, 4, 44]);
  assert.ok(own.startMs > 0 && own.long.wallMs > 0);
  assert.ok(own.peakBytes > model.bytes, "the engine's memory is counted, not the server's alone");
  assert.deepEqual(readdirSync(folder), [], "no file stays");
});

test("Ctrl-C ends it and everything it has started", async () => {
  const main = fileURLToPath(new URL("../../src/main.js", import.meta.url));
  const child = spawn(process.execPath, [main, "bench", "--home", home, "--rounds", "50"], {
    env: { ...process.env, TMPDIR: folder },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let notes = "";
  child.stderr.on("data", (chunk) => {
    notes += chunk;
    if (notes.includes("round 1 of 50: sotto")) child.kill("SIGINT");
  });
  let printed = "";
  child.stdout.on("data", (chunk) => {
    printed += chunk;
  });
  const [code] = await once(child, "close");
  assert.equal(code, 1, notes);
  assert.match(notes, /^sotto: interrupted\.$/m);
  assert.equal(printed, "");
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith("sotto-bench-")),
    [],
  );
  const commands = spawnSync("ps", ["-axo", "command="], { encoding: "utf8" }).stdout.split("\n");
  assert.ok(
    commands.some((command) => command.includes("node")),
    "this very process is among them",
  );
  assert.deepEqual(
    commands.filter((command) => command.includes(join(folder, "sotto-bench-"))),
    [],
  );
});

test("mistakes in the command line are told before anything is measured", async () => {
  const cases: [string[], RegExp][] = [
    [["--against", "whisper.cp"], /Expected whisper\.cpp, faster-whisper for --against.*did you mean whisper\.cpp\?/],
    [["--clients", "1,0"], /Expected whole numbers from 1 to 64 for --clients, but received '0'/],
    [["--rounds", "0"], /a whole number from 1 to 100/],
    [["--agains", "whisper.cpp"], /did you mean --against\?/],
    [["talk.mp3"], /bench takes no argument/],
  ];
  for (const [args, expected] of cases) {
    const { code, stdout, stderr } = await bench(...args);
    assert.match(stderr, expected);
    assert.deepEqual([code, stdout], [2, ""]);
  }
});

test("an answer is right when it has the words that were said, however they are written", () => {
  const said = { words: ["bring", "red", "rope"] };
  assert.ok(isRight(said, " Bring red\n rope.\n"));
  for (const text of ["bring blue rope", "bring red", "bring red rope rope", ""]) assert.ok(!isRight(said, text), text);
  assert.ok(isRight({}, "anything"));
  assert.ok(!isRight({}, " \n"));
});
