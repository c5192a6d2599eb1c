import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { StandIn } from "../remote/stand-in.js";
import { ConnectionWatch } from "../support/connections.js";
import { fixtureOf } from "../support/fixtures.js";
import { longRecording } from "../support/long-recording.js";
import { postFile } from "../support/post.js";
import { type RunningServer, runSotto, startServer } from "../support/sotto.js";

const skip = !existsSync("/proc/net/tcp") && "the system keeps no table of connections under /proc";
const folder = mkdtempSync(join(tmpdir(), "sotto-gap-"));
const wav = join(folder, "clip.wav");
/** Half an hour, which keeps a slot busy as long as it is needed. */
const endless = longRecording(1800);
let standIn: StandIn;

before(async () => {
  execFileSync("ffmpeg", ["-v", "error", "-i", fixtureOf(1, 8).path, wav]);
  standIn = await StandIn.start("together");
});
after(async () => {
  await standIn.stop();
  rmSync(folder, { recursive: true, force: true });
});

const urlOf = (server: RunningServer) => `${server.url}/v1/audio/transcriptions`;

/** All that makes a request go out where there is somebody to go to. */
async function press(server: RunningServer): Promise<(number | string | null)[][]> {
  const leaving = new AbortController();
  const busy = postFile(urlOf(server), endless, {}, {}, leaving.signal).catch(() => undefined);
  const spool = join(server.home, "spool");
  const isAtWork = () => readdirSync(spool).some((name) => readdirSync(join(spool, name)).includes("audio.s16le"));
  for (let waitedMs = 0; !isAtWork(); waitedMs += 5) {
    assert.ok(waitedMs < 20_000, "it is at work");
    await sleep(5);
  }
  const wishes = [{ preference: "speed" }, { model: "large", enable_model_fallback: "true" }, { stream: "true" }];
  const outcomes = [];
  for (const fields of wishes) {
    const reply = await postFile(urlOf(server), wav, fields);
    await reply.text();
    outcomes.push([reply.status, reply.headers.get("x-sotto-provider")]);
  }
  leaving.abort();
  await busy;
  for (let waitedMs = 0; readdirSync(spool).length > 0; waitedMs += 20) {
    assert.ok(waitedMs < 20_000, "it has left");
    await sleep(20);
  }
  return outcomes;
}

test("air-gapped, neither the server nor a process beneath it connects to anybody, whatever is asked of it", {
  skip,
}, async () => {
  const full = ["--workers", "1", "--max-queue", "0", "--overflow-after-ms", "0"];
  const config = join(folder, "config.json");
  const models = { "*": "openai/whisper-large-v3" };
  const provider = { name: "outside", dialect: "together", baseUrl: standIn.baseUrl, models };
  writeFileSync(config, JSON.stringify({ providers: [provider] }));

  const server = await startServer(["--air-gapped", ...full]);
  const watch = new ConnectionWatch(server.child.pid as number);
  try {
    for (const outcome of await press(server)) assert.deepEqual(outcome, [429, "local"]);
    const missing = await postFile(urlOf(server), wav, { model: "large", enable_model_fallback: "true" });
    assert.equal(missing.status, 404);
    const url = await fetch(urlOf(server), { method: "POST", body: formWith({ url: `${standIn.baseUrl}/a.wav` }) });
    assert.equal(url.status, 400);
    assert.equal((await postFile(urlOf(server), wav)).status, 200);
  } finally {
    await server.stop();
  }
  assert.deepEqual(watch.stop(), []);
  assert.ok(watch.looks > 50, `${watch.looks} looks`);
  assert.equal(standIn.connectionCount, 0);

  // The same watch sees them where there are some.
  const open = await startServer(["--config", config, ...full]);
  const seeing = new ConnectionWatch(open.child.pid as number);
  try {
    for (const outcome of await press(open)) assert.deepEqual(outcome, [200, "outside"]);
  } finally {
    await open.stop();
  }
  const port = Number(new URL(standIn.baseUrl).port).toString(16).toUpperCase().padStart(4, "0");
  const remotes = new Set(seeing.stop().map(({ remote }) => remote));
  assert.deepEqual([...remotes], [`0100007F:${port}`], "loopback, and the provider's port alone");
});

test("air-gapped, it does not start with what would reach out, and keeps what is in force when a signal brings it", async () => {
  const cases: [string[], RegExp][] = [
    [["--allow-url", "public"], /--allow-url off with --air-gapped, but received 'public'/],
    [["--allow-url", "any"], /--allow-url off with --air-gapped, but received 'any'/],
    [["--allow-pull"], /no --allow-pull with --air-gapped/],
    [["--jwks", "https://user:pw@id.example/keys"], /for --jwks with --air-gapped a file or a URL on the loopback/],
  ];
  for (const [args, message] of cases) {
    const { code, stderr } = await runSotto(["serve", "--port", "0", "--air-gapped", ...args]);
    assert.equal(code, 2, args.join(" "));
    assert.match(stderr, message);
    assert.doesNotMatch(stderr, /pw/);
  }
  const config = join(folder, "tokens.json");
  const keys = join(folder, "keys.json");
  writeFileSync(keys, JSON.stringify({ keys: [] }));
  writeFileSync(config, JSON.stringify({ jwks: keys }));
  const server = await startServer(["--air-gapped", "--config", config]);
  try {
    writeFileSync(config, JSON.stringify({ jwks: "https://id.example/keys" }));
    server.child.kill("SIGHUP");
    for (let waitedMs = 0; !/nothing was changed: Expected for --jwks/.test(server.log()); waitedMs += 20) {
      assert.ok(waitedMs < 20_000, server.log());
      await sleep(20);
    }
  } finally {
    await server.stop();
  }
});

function formWith(fields: Record<string, string>): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  return form;
}
