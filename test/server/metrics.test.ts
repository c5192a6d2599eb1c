import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { packageRoot } from "../../src/core/package-root.js";
import { fixtureOf } from "../support/fixtures.js";
import { postFile } from "../support/post.js";
import { enginesOf } from "../support/processes.js";
import { type RunningServer, runSotto, startServer } from "../support/sotto.js";

const clip = fixtureOf(1, 8);
const transcribe = (server: RunningServer, fields = {}) =>
  postFile(`${server.url}/v1/audio/transcriptions`, clip.path, fields);

/** Samples by their names and labels, as they are written. */
async function samplesOf(server: RunningServer): Promise<Map<string, number>> {
  const reply = await fetch(`${server.url}/metrics`);
  assert.equal(reply.status, 200);
  assert.match(reply.headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/);
  const lines = (await reply.text()).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ")))]),
  );
}

test("requests, audio, windows, tokens, engines and their ends are counted", async () => {
  const server = await startServer();
  try {
    for (const fields of [{}, { temperature: "9" }]) await (await transcribe(server, fields)).text();
    const samples = await samplesOf(server);
    const value = (name: string) => samples.get(name) ?? Number.NaN;
    assert.equal(value('sotto_requests_total{dialect="unified",status="200"}'), 1);
    assert.equal(value('sotto_requests_total{dialect="unified",status="400"}'), 1);
    const audioSec = value('sotto_audio_seconds_total{model="sotto-mini",provider="local"}');
    assert.ok(Math.abs(audioSec - clip.durationSec) < 0.1, String(audioSec));
    assert.equal(value('sotto_windows_total{model="sotto-mini"}'), 1);
    assert.ok(value('sotto_tokens_total{model="sotto-mini",kind="completion"}') > 2);
    assert.equal(value('sotto_queue_wait_seconds_count{model="sotto-mini"}'), 1);
    assert.equal(value('sotto_errors_total{code="invalid_value"}'), 1);
    assert.equal(value("sotto_upload_bytes_total"), 2 * statSync(clip.path).size);
    assert.ok(value("sotto_connections_now") >= 1 && value("sotto_spool_free_bytes") > 1e6);
    assert.equal(value("sotto_uploads_now"), 0);
    assert.ok(value('sotto_real_time_factor_sum{model="sotto-mini"}') > 0);
    assert.equal(value('sotto_engine_state{model="sotto-mini",state="ready"}'), 1);
    assert.deepEqual(
      [value("sotto_requests_inside"), value("sotto_requests_waiting"), value("sotto_audio_waiting_seconds")],
      [0, 0, 0],
    );
    assert.equal(value("sotto_spool_bytes"), 0);
    assert.ok(value("sotto_process_resident_bytes") > 30e6);

    const [engine] = enginesOf(server.child.pid);
    process.kill(engine as number, "SIGKILL");
    await (await transcribe(server)).text();
    assert.equal((await samplesOf(server)).get('sotto_engine_ends_total{model="sotto-mini",cause="kill"}'), 1);
  } finally {
    await server.stop();
  }
});

test("every figure of the Grafana dashboard is one that the server gives, and the other way round; each is described", async () => {
  const server = await startServer();
  try {
    await (await transcribe(server)).text();
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    const names = new Set(metrics.match(/sotto_\w+/g));
    const dashboard = readFileSync(join(packageRoot(), "docs", "grafana-dashboard.json"), "utf8");
    const { panels } = JSON.parse(dashboard) as { panels: { targets: { expr: string }[] }[] };
    const asked = panels.flatMap(({ targets }) => targets.flatMap(({ expr }) => expr.match(/sotto_\w+/g) ?? []));
    assert.ok(asked.length > 12);
    for (const name of asked) assert.ok(names.has(name), name);
    const families = metrics.match(/(?<=^# TYPE )sotto_\w+/gm) ?? [];
    assert.ok(families.length > 20);
    for (const family of families) assert.ok(dashboard.includes(family), `${family} is on a panel`);
    const page = readFileSync(join(packageRoot(), "docs", "operating.md"), "utf8");
    for (const family of families) assert.ok(page.includes(`\`${family}`), `${family} is in docs/operating.md`);
  } finally {
    await server.stop();
  }
});

test("with keys the metrics need the right to them, unless they are open; off, there are none", async () => {
  const statusOf = async (server: RunningServer, key?: string) =>
    (await fetch(`${server.url}/metrics`, key === undefined ? {} : { headers: { authorization: `Bearer ${key}` } }))
      .status;
  const [keys, open, off] = await Promise.all([
    startServer(),
    startServer(["--metrics", "open"]),
    startServer(["--metrics", "off"]),
  ]);
  try {
    const make = async (server: RunningServer, ...args: string[]) =>
      (await runSotto(["keys", "create", ...args, "--home", server.home])).stdout.trim();
    const [user, monitor] = [await make(keys, "user"), await make(keys, "monitor", "--rights", "metrics")];
    await make(open, "user");
    // A running server sees new keys within a second.
    for (let waitedMs = 0; (await statusOf(keys)) !== 401; waitedMs += 50) {
      assert.ok(waitedMs < 20_000);
      await sleep(50);
    }
    assert.deepEqual(
      [await statusOf(keys), await statusOf(keys, user), await statusOf(keys, monitor)],
      [401, 403, 200],
    );
    assert.deepEqual([await statusOf(open), await statusOf(off)], [200, 404]);
  } finally {
    await Promise.all([keys, open, off].map((server) => server.stop()));
  }
});
