import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fixtureOf } from "../support/fixtures.js";
import { postFile } from "../support/post.js";
import { enginesOf } from "../support/processes.js";
import { startServer } from "../support/sotto.js";

const isLinux = process.platform === "linux";

test("an engine's idle threads spin for a while only, and an abort forks no debugger", { skip: !isLinux }, async () => {
  const server = await startServer(["--keep-alive", "-1"]);
  try {
    assert.equal((await postFile(`${server.url}/v1/audio/transcriptions`, fixtureOf(1, 8).path)).status, 200);
    const [engine] = enginesOf(server.child.pid);
    const lines = readFileSync(`/proc/${engine}/environ`, "utf8").split("\0");
    const environment = new Map(lines.map((line) => line.split("=", 2) as [string, string]));
    const spins = Number(environment.get("GOMP_SPINCOUNT"));
    assert.ok(spins > 0 && spins <= 20_000, `${spins} turns`);
    assert.equal(environment.get("GGML_NO_BACKTRACE"), "1");
  } finally {
    await server.stop();
  }
});
