import assert from "node:assert/strict";
import { createReadStream } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import OpenAI, { APIError, AuthenticationError, PermissionDeniedError } from "openai";
import { fixtureOf } from "../support/fixtures.js";
import { type ErrorBody, postFile, wordsOf } from "../support/post.js";
import { type RunningServer, runSotto, startServer, temporaryHome } from "../support/sotto.js";

const clip = fixtureOf(1, 8);
/** A change is in force within this. */
const SOON_MS = 1000;
let server: RunningServer;

before(async () => {
  server = await startServer();
});
after(() => server.stop());

async function createKey(name: string, rights = "transcribe,models"): Promise<string> {
  const outcome = await runSotto(["keys", "create", name, "--home", server.home, "--rights", rights]);
  assert.equal(outcome.code, 0, outcome.stderr);
  return outcome.stdout.trim();
}
const clientOf = (apiKey: string) => new OpenAI({ baseURL: `${server.url}/v1`, apiKey, maxRetries: 0 });
const transcribe = (apiKey: string) =>
  clientOf(apiKey).audio.transcriptions.create({ file: createReadStream(clip.path), model: "whisper-1" });
const models = (headers: Record<string, string> = {}, path = "/v1/models", method = "GET") =>
  fetch(`${server.url}${path}`, { method, headers });
async function refusal(call: Promise<unknown>): Promise<APIError> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof APIError, String(error));
  assert.match(error.requestID ?? "", /^req_/);
  return error;
}

// These tests follow one server from its first key to its last: their order counts.

test("before there is a key nobody needs one", async () => {
  assert.match(server.log(), /there is no key: whoever reaches this server may use it/);
  assert.deepEqual(wordsOf((await transcribe("anything")).text), wordsOf(clip.text));
  assert.equal((await models()).status, 200);
});

test("from the first key on, every route but health and readiness needs one, and a client with it is served", async () => {
  const key = await createKey("first");
  await sleep(SOON_MS);
  for (const [path, method] of [
    ["/v1/models", "GET"],
    ["/v1/models/", "GET"],
    ["/v1/models", "HEAD"],
    ["/v1/models/sotto-mini", "GET"],
    ["/v1/audio/transcriptions", "POST"],
    ["/v1/audio/translations", "POST"],
  ] as const) {
    const reply = await models({}, path, method);
    assert.equal(reply.status, 401, path);
    assert.equal(reply.headers.get("www-authenticate"), "Bearer");
    assert.match(reply.headers.get("x-request-id") ?? "", /^req_/);
    assert.equal(reply.headers.get("x-should-retry"), "false");
  }
  for (const path of ["/healthz", "/readyz"]) assert.equal((await models({}, path)).status, 200, path);
  assert.equal((await models({}, "/v1/nothing")).status, 404);
  assert.equal((await models({}, "/v1/models", "DELETE")).status, 405);
  assert.deepEqual(wordsOf((await transcribe(key)).text), wordsOf(clip.text));
  assert.equal((await models({ authorization: `bearer ${key}` })).status, 200, "the scheme in any case");
});

test("an unknown, a changed and a missing key are the SDK's AuthenticationError", async () => {
  const key = await createKey("changed");
  const changed = key.slice(0, -1) + (key.endsWith("A") ? "B" : "A");
  for (const wrong of ["x", changed, key.slice(0, 15), "a.b.c"]) {
    const error = await refusal(transcribe(wrong));
    assert.ok(error instanceof AuthenticationError);
    assert.deepEqual([error.code, error.type], ["invalid_api_key", "invalid_request_error"]);
    assert.match(error.message, /Authorization: Bearer.*keys create/);
    assert.ok(wrong === "x" || !error.message.includes(wrong), "the key is not repeated");
  }
  const { error } = (await (await models()).json()) as ErrorBody;
  assert.match(error.message, /but none came/);
  assert.equal((await models({ authorization: key })).status, 401, "a key without its scheme");
  assert.equal((await models({ "x-api-key": key })).status, 401);
  assert.equal((await models({}, `/v1/models?api_key=${key}`)).status, 401);
});

test("a key without the right is the SDK's PermissionDeniedError, which names the right", async () => {
  const onlyModels = await createKey("only-models", "models");
  const onlyMetrics = await createKey("only-metrics", "metrics");
  await sleep(SOON_MS);
  const error = await refusal(transcribe(onlyModels));
  assert.ok(error instanceof PermissionDeniedError);
  assert.equal(error.code, "forbidden");
  assert.match(error.message, /right 'transcribe'.*has: models\b/);
  assert.equal((await clientOf(onlyModels).models.list()).data.length, 1);
  assert.ok((await refusal(clientOf(onlyMetrics).models.list().then())) instanceof PermissionDeniedError);
});

test("the log names the key, and never holds it", async () => {
  const key = await createKey("named");
  await sleep(SOON_MS);
  await (await models({ authorization: `Bearer ${key}` })).text();
  await (await models({ authorization: "Bearer sk-sotto-wrong-key" }, "/v1/models?key=sk-sotto-wrong-key")).text();
  await sleep(100);
  const line = server.log().match(/^.*"caller":"named".*$/m)?.[0];
  assert.match(String(line), /"callerKind":"key".*"answered"/);
  assert.doesNotMatch(server.log(), /sk-sotto-/);
});

test("a revoked key is refused within a second, and when it was the last one the server stays closed", async () => {
  const names = ["first", "changed", "only-models", "only-metrics", "named"];
  const key = await createKey("last");
  await sleep(SOON_MS);
  assert.equal((await models({ authorization: `Bearer ${key}` })).status, 200);
  for (const name of [...names, "last"]) {
    assert.equal((await runSotto(["keys", "revoke", name, "--home", server.home])).code, 0);
  }
  await sleep(SOON_MS);
  assert.ok((await refusal(transcribe(key))) instanceof AuthenticationError);
  assert.equal((await models()).status, 401);
});

test("a keys file that is damaged or goes away changes nothing, and is told once", async () => {
  const key = await createKey("steady");
  await sleep(SOON_MS);
  const statuses = async () => [
    (await models({ authorization: `Bearer ${key}` })).status,
    (await models()).status,
    (await models({ authorization: "Bearer x" })).status,
  ];
  assert.deepEqual(await statuses(), [200, 401, 401]);
  const path = join(server.home, "keys", "keys.json");
  await writeFile(path, '{"version":1,"keys":[');
  await sleep(SOON_MS);
  assert.deepEqual(await statuses(), [200, 401, 401]);
  await sleep(SOON_MS);
  assert.deepEqual(await statuses(), [200, 401, 401]);
  assert.equal(server.log().match(/damaged: it is no JSON/g)?.length, 1);
  await rm(join(server.home, "keys"), { recursive: true });
  await sleep(SOON_MS);
  assert.deepEqual(await statuses(), [200, 401, 401]);
});

test("a server that would be open to a network does not start, unless it is told to or there is a key", async () => {
  const home = temporaryHome();
  const open = ["serve", "--home", home, "--port", "0"];
  for (const host of ["0.0.0.0", "::", "192.0.2.1"]) {
    const { code, stderr, stdout } = await runSotto([...open, "--host", host]);
    assert.deepEqual([code, stdout], [1, ""]);
    assert.match(stderr, /^sotto: There is no key, and whoever reaches .*keys create NAME.*--insecure\.\n$/);
  }
  const insecure = await startServer(["--host", "0.0.0.0", "--insecure"]);
  assert.match(insecure.log(), /whoever reaches this server may use it/);
  await insecure.stop();
  assert.equal((await runSotto(["keys", "create", "a", "--home", home])).code, 0);
  const guarded = await startServer(["--home", home, "--host", "0.0.0.0"]);
  assert.match(guarded.log(), /requests need a key \(there is 1\)/);
  assert.equal((await fetch(`${guarded.url}/v1/models`)).status, 401);
  await guarded.stop();
  await writeFile(join(home, "keys", "keys.json"), "{");
  const { code, stderr } = await runSotto(open);
  assert.equal(code, 1);
  assert.match(stderr, /^sotto: The keys cannot be read: .*damaged/);
  await rm(home, { recursive: true });
});

test("requests that are refused go on beside one that is served", async () => {
  const key = await createKey("beside").catch(() => undefined);
  await sleep(SOON_MS);
  assert.ok(key);
  const url = `${server.url}/v1/audio/transcriptions`;
  const replies = await Promise.all([
    postFile(url, clip.path, {}, { authorization: `Bearer ${key}` }),
    ...Array.from({ length: 10 }, () => postFile(url, clip.path)),
  ]);
  assert.deepEqual(
    replies.map(({ status }) => status),
    [200, ...Array.from({ length: 10 }, () => 401)],
  );
});
