import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { StandIn } from "../remote/stand-in.js";
import { MODEL_PATH } from "../support/demonstration.js";
import { FIXTURES, fixtureOf } from "../support/fixtures.js";
import { longRecording } from "../support/long-recording.js";
import { postFile, wordsOf } from "../support/post.js";
import { enginesOf } from "../support/processes.js";
import { type RunningServer, runSotto, startServer, temporaryHome } from "../support/sotto.js";

const folder = mkdtempSync(join(tmpdir(), "sotto-overflow-"));
const clip = fixtureOf(1, 8);
const long = fixtureOf(45, 120);
/** Half an hour. */
const endless = longRecording(1800);
/** Tells every outward connection of the process on standard error. */
const WATCH = join(folder, "watch.mjs");
writeFileSync(
  WATCH,
  `import net from "node:net";
const connect = net.Socket.prototype.connect;
net.Socket.prototype.connect = function (...args) {
  const [target] = Array.isArray(args[0]) ? args[0] : args;
  process.stderr.write("CONNECTS " + JSON.stringify({ port: target?.port, path: target?.path }) + "\\n");
  return connect.apply(this, args);
};
`,
);
const watched = { NODE_OPTIONS: `--import=${WATCH}` };
const connectsOf = ({ log }: RunningServer) =>
  log()
    .split("\n")
    .filter((line) => line.startsWith('CONNECTS {"port"'));
const wav = join(folder, "clip.wav");
const opus = FIXTURES.find(({ file, durationSec }) => file.endsWith(".opus") && durationSec < 10)?.path as string;
let standIn: StandIn;
const started: RunningServer[] = [];
async function start(args: string[], environment = {}): Promise<RunningServer> {
  const server = await startServer(args, environment);
  started.push(server);
  return server;
}
const spool = ({ home }: RunningServer) => readdirSync(join(home, "spool")).map((name) => join(home, "spool", name));
async function until(holds: () => boolean, what: string): Promise<void> {
  for (let waitedMs = 0; !holds(); waitedMs += 5) {
    assert.ok(waitedMs < 20_000, what);
    await sleep(5);
  }
}
async function freePort(): Promise<number> {
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  const { port } = taken.address() as AddressInfo;
  taken.close();
  await once(taken, "close");
  return port;
}
/** Waits until so many requests are there with their uploads. */
const holds = (server: RunningServer, count: number) =>
  until(() => spool(server).filter((folder) => existsSync(join(folder, "upload"))).length === count, "uploads");
/** Waits until the first request is at work. */
const works = (server: RunningServer) =>
  until(() => spool(server).some((folder) => existsSync(join(folder, "audio.s16le"))), "at work");

before(async () => {
  execFileSync("ffmpeg", ["-v", "error", "-i", clip.path, wav]);
  standIn = await StandIn.start("together");
});
after(async () => {
  assert.deepEqual(
    await Promise.all(started.map((server) => server.stop())),
    started.map(() => 0),
  );
  await standIn.stop();
  rmSync(folder, { recursive: true, force: true });
});

function configOf(provider: object): string {
  const path = join(mkdtempSync(join(folder, "config-")), "config.json");
  const common = { models: { "*": "openai/whisper-large-v3" } };
  writeFileSync(path, JSON.stringify({ providers: [{ ...common, ...provider }] }));
  return path;
}
const url = (server: RunningServer) => `${server.url}/v1/audio/transcriptions`;
const providerOf = (reply: Response) => reply.headers.get("x-sotto-provider");
/** Requests that differ, so that none joins another. */
let asked = 0;
const post = (server: RunningServer, path: string, fields = {}) =>
  postFile(url(server), path, { user: `u${asked++}`, ...fields });

/** Keeps the only slot busy until it is told to leave, however fast this machine is. */
async function occupy(server: RunningServer): Promise<() => Promise<void>> {
  const leaving = new AbortController();
  const busy = postFile(url(server), endless, { user: `u${asked++}` }, {}, leaving.signal).then(
    () => "ended",
    () => "left",
  );
  await works(server);
  return async () => {
    leaving.abort();
    assert.equal(await busy, "left", "the slot was busy all the time");
  };
}

test("what would wait for too long goes out, what is before it stays, and with a short queue nothing goes any more", async () => {
  const config = configOf({ name: "outside", dialect: "together", baseUrl: standIn.baseUrl });
  const server = await start(["--config", config, "--workers", "1", "--overflow-after-ms", "100"]);
  for (let asked = 0; asked < 3; asked++) assert.equal(providerOf(await post(server, wav)), "local");
  // Whatever this machine's speed, the queue stays as it is while the engine stands still.
  const engines = enginesOf(server.child.pid);
  for (const engine of engines) process.kill(engine, "SIGSTOP");
  // Opus is what this provider does not take: they stay, however long they wait.
  const queued = Array.from({ length: 40 }, () => post(server, opus));
  await holds(server, 40);
  const late = await post(server, wav);
  for (const engine of engines) process.kill(engine, "SIGCONT");
  assert.deepEqual([late.status, providerOf(late)], [200, "outside"]);
  for (const reply of await Promise.all(queued)) assert.deepEqual([reply.status, providerOf(reply)], [200, "local"]);
  assert.equal(providerOf(await post(server, wav)), "local");
});

test("whose model would take too long to load goes out, and meanwhile it is loaded for the next", async () => {
  const home = temporaryHome();
  const other = join(folder, "ggml-other.bin");
  copyFileSync(MODEL_PATH, other);
  assert.equal((await runSotto(["models", "import", other, "--home", home])).code, 0);
  const config = configOf({ name: "outside", dialect: "together", baseUrl: standIn.baseUrl });
  const options = ["--home", home, "--model", "sotto-mini", "--config", config, "--overflow-after-ms", "100"];
  const server = await start(options);
  assert.equal(providerOf(await post(server, wav, { model: "other" })), "outside");
  const stateOf = async () =>
    ((await (await fetch(`${server.url}/v1/models/other`)).json()) as { state: string }).state;
  for (let waitedMs = 0; (await stateOf()) !== "loaded"; waitedMs += 20) {
    assert.ok(waitedMs < 20_000, "it is loaded");
    await sleep(20);
  }
  assert.equal(providerOf(await post(server, wav, { model: "other" })), "local");
});

test("what no provider does in place of a long wait is done here after all", async () => {
  const config = configOf({ name: "outside", dialect: "together", baseUrl: standIn.baseUrl });
  const server = await start(["--config", config, "--workers", "1", "--overflow-after-ms", "0"]);
  standIn.moods = [{ status: 500 }];
  const { length } = standIn.received;
  const replies = await Promise.all([post(server, long.path), post(server, wav), post(server, wav)]);
  for (const reply of replies) assert.deepEqual([reply.status, providerOf(reply)], [200, "local"]);
  assert.ok(standIn.received.length > length, "one was asked");
  standIn.moods = ["answers"];
});

test("another Sotto is a provider like any other, streams and words included", async () => {
  const other = await start(["--workers", "1"], {});
  const config = configOf({
    name: "other",
    dialect: "openai",
    baseUrl: `${other.url}/v1`,
    models: { "sotto-mini": "sotto-mini" },
  });
  const options = ["--config", config, "--workers", "1", "--max-queue", "0", "--log-level", "info"];
  const server = await start(options, watched);
  const leave = await occupy(server);
  const json = await post(server, wav, { response_format: "verbose_json", "timestamp_granularities[]": "word" });
  const body = (await json.json()) as { text: string; words: object[]; segments: { tokens: number[] }[] };
  assert.deepEqual([json.status, providerOf(json), json.headers.get("x-sotto-model")], [200, "other", "sotto-mini"]);
  assert.deepEqual(wordsOf(body.text), wordsOf(clip.text));
  assert.equal(body.words.length, wordsOf(clip.text).length);
  assert.ok((body.segments[0]?.tokens.length ?? 0) > 0, "what only Whisper knows comes with it");
  const stream = await post(server, wav, { stream: "true" });
  assert.equal(providerOf(stream), "other");
  assert.match(await stream.text(), /transcript\.text\.delta.*transcript\.text\.done/s);
  await leave();
  assert.ok(connectsOf(server).length >= 2, "the watch sees connections");
});

test("two Sottos that are full do not send a request to and fro", async () => {
  const [portOfOne, portOfTwo] = [await freePort(), await freePort()];
  const towards = (name: string, target: number) =>
    configOf({ name, dialect: "openai", baseUrl: `http://127.0.0.1:${target}/v1`, models: { "*": "" } });
  const options = ["--workers", "1", "--max-queue", "0"];
  const one = await start(["--config", towards("two", portOfTwo), ...options, "--port", String(portOfOne)]);
  const two = await start(["--config", towards("one", portOfOne), ...options, "--port", String(portOfTwo)]);
  const leave = await Promise.all([one, two].map(occupy));
  const refused = await post(one, wav);
  assert.deepEqual(
    [refused.status, ((await refused.json()) as { error: { code: string } }).error.code],
    [502, "provider_failed"],
  );
  for (const go of leave) await go();
});

test("air-gapped: with a provider it does not start, and without one it connects to nothing, however full it is", async () => {
  const config = configOf({ name: "outside", dialect: "together", baseUrl: standIn.baseUrl });
  const { code, stderr } = await runSotto(["serve", "--port", "0", "--config", config, "--air-gapped"]);
  assert.equal(code, 2);
  assert.match(stderr, /no providers with --air-gapped, but the config file names outside/);

  const server = await start(["--air-gapped", "--workers", "1", "--max-queue", "0"], watched);
  const leave = await occupy(server);
  const full = await post(server, wav, { preference: "speed" });
  assert.deepEqual([full.status, full.headers.get("x-sotto-ignored")], [429, null]);
  const missing = await post(server, wav, { model: "large", enable_model_fallback: "1" });
  assert.ok([404, 429].includes(missing.status));
  await leave();
  assert.deepEqual(connectsOf(server), []);
});

test("a key that is not there keeps the server from starting, and so does a fault in the list", async () => {
  const provider = { name: "outside", dialect: "together", baseUrl: standIn.baseUrl };
  const startWith = (given: object) =>
    runSotto(["serve", "--port", "0", "--config", configOf({ ...provider, ...given })], { EMPTY_KEY: "" });
  const missing = await startWith({ apiKeyEnv: "EMPTY_KEY" });
  assert.equal(missing.code, 2);
  assert.match(missing.stderr, /the key of outside for providers\[0\], but apiKeyEnv names .* not set/);
  const fault = await startWith({ baseUrl: "nowhere" });
  assert.equal(fault.code, 2);
  assert.match(fault.stderr, /providers\[0\]\.baseUrl/);
});
