import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { packageRoot } from "../../src/core/package-root.js";
import { setupModule } from "./checkout.js";

interface Outcome {
  ok: boolean;
  outcome: string;
  exitCode: number;
}

const { run } = await setupModule<{
  run(command: string, args: string[], options: { cwd: string; onLine?: (line: string) => void }): Promise<Outcome>;
}>("run");

test("a program's lines and its end are told", async () => {
  const lines: string[] = [];
  const onLine = (line: string) => void lines.push(line);
  const failed = await run("sh", ["-c", "echo one; echo two >&2; exit 3"], { cwd: "/", onLine });
  assert.deepEqual(failed, { ok: false, outcome: "exit code 3", exitCode: 3 });
  assert.deepEqual(lines.sort(), ["one", "two"]);
  const killed = await run("sh", ["-c", "kill -KILL $$"], { cwd: "/", onLine });
  assert.deepEqual(killed, { ok: false, outcome: "signal SIGKILL", exitCode: 137 });
  assert.match((await run("no-such-program", [], { cwd: "/", onLine })).outcome, /ENOENT/);
  assert.equal(process.listenerCount("SIGHUP"), 0, "signals are nobody's once nothing runs");
});

test("a signal during the set-up ends what it runs, with all that came of it", async (t) => {
  const script = pathToFileURL(join(packageRoot(), "scripts/setup/run.mjs"));
  const code = `const { run } = await import("${script}");
    await run("sh", ["-c", "sleep 60 & echo $!; wait"], { cwd: "/", onLine: (line) => console.log(line) });`;
  const setup = spawn(process.execPath, ["--input-type=module", "-e", code]);
  t.after(() => setup.kill("SIGKILL"));
  const lines = createInterface({ input: setup.stdout })[Symbol.asyncIterator]();
  const grandchild = Number((await lines.next()).value);
  process.kill(grandchild, 0);
  setup.kill("SIGTERM");
  assert.deepEqual(await once(setup, "exit"), [143, null]);
  await assertEnds(grandchild);
});

async function assertEnds(pid: number): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await sleep(20);
  }
  assert.fail(`process ${pid} lives on`);
}
