import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { SignJWT } from "jose";
import OpenAI, { AuthenticationError } from "openai";
import { keyPair, startJwksHost } from "../auth/jwks-host.js";
import type { ErrorBody } from "../support/post.js";
import { type RunningServer, runSotto, startServer, temporaryHome } from "../support/sotto.js";

const SECRET = "the first secret, of more than thirty-two bytes";
const home = temporaryHome();
const secretFile = join(home, "secret");
const cleanUps: (() => unknown)[] = [];
let pair: Awaited<ReturnType<typeof keyPair>>;
let next: Awaited<ReturnType<typeof keyPair>>;
let host: Awaited<ReturnType<typeof startJwksHost>>;
let server: RunningServer;

before(async () => {
  [pair, next] = [await keyPair("RS256", "one"), await keyPair("ES256", "two")];
  host = await startJwksHost({ after: (stop) => cleanUps.push(stop as () => unknown) }, [pair.jwk]);
  writeFileSync(secretFile, `${SECRET}\n`);
  const tokens = ["--jwt-secret", `@${secretFile}`, "--jwks", host.url, "--jwt-audience", "sotto"];
  // Beyond loopback without a key: tokens guard it.
  server = await startServer(["--home", home, "--host", "0.0.0.0", ...tokens]);
});
after(async () => {
  await server.stop();
  for (const cleanUp of cleanUps) await cleanUp();
  rmSync(home, { recursive: true, force: true });
});

const sign = (claims: object = {}, secret = SECRET) =>
  new SignJWT({ sub: "ada", aud: "sotto", exp: Math.floor(Date.now() / 1000) + 60, ...claims })
    .setProtectedHeader({ alg: "HS256" })
    .sign(new TextEncoder().encode(secret));
const ask = (token?: string) =>
  fetch(`${server.url}/v1/models`, { headers: token === undefined ? {} : { authorization: `Bearer ${token}` } });
const statusOf = async (token?: string) => (await ask(token)).status;

test("tokens of the secret and of the key set are taken, and keys beside them", async () => {
  assert.equal(await statusOf(), 401);
  assert.equal(await statusOf(await sign()), 200);
  assert.equal(await statusOf(await pair.sign({ sub: "bob", aud: "sotto" })), 200);
  await runSotto(["keys", "create", "a", "--home", home]).then(async ({ stdout }) => {
    await sleep(1000);
    assert.equal(await statusOf(stdout.trim()), 200);
  });
  const client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: await sign(), maxRetries: 0 });
  assert.equal((await client.models.list()).data.length, 1);
  assert.match(server.log(), /"caller":"bob","callerKind":"jwt"/);
});

test("a token that is over, for others or forged is an AuthenticationError that says which", async () => {
  const cases: [string, RegExp][] = [
    [await sign({ exp: 1 }), /has expired/],
    [await sign({ aud: "others" }), /'aud'/],
    [await sign({}, `${SECRET}!`), /signed for this server/],
    [`${Buffer.from('{"alg":"none"}').toString("base64url")}.${(await sign()).split(".")[1]}.`, /signed for/],
  ];
  for (const [token, message] of cases) {
    const client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: token, maxRetries: 0 });
    await assert.rejects(client.models.list().then(), (error: unknown) => {
      assert.ok(error instanceof AuthenticationError);
      assert.equal(error.code, "invalid_api_key");
      assert.match(error.message, message);
      return true;
    });
  }
});

test("a rotated key is found, and the host may then go down", async () => {
  host.publish([next.jwk]);
  assert.equal(await statusOf(await next.sign({ sub: "eva", aud: "sotto" })), 200);
  assert.equal(await statusOf(await pair.sign({ sub: "bob", aud: "sotto" })), 401);
  await host.stop();
  assert.equal(await statusOf(await next.sign({ sub: "eva", aud: "sotto" })), 200);
  assert.equal(await statusOf(await sign()), 200);
});

test("SIGHUP takes a new secret; a mistake in it changes nothing, and the keys of the key set stay", async () => {
  const hangUp = async () => {
    const before = server.log().length;
    server.child.kill("SIGHUP");
    for (let waitedMs = 0; !/read again|nothing was changed/.test(server.log().slice(before)); waitedMs += 20) {
      assert.ok(waitedMs < 20_000);
      await sleep(20);
    }
    return server.log().slice(before);
  };
  const second = "the second secret, of more than thirty-two bytes";
  writeFileSync(secretFile, second);
  assert.match(await hangUp(), /options, keys and providers were read again/);
  assert.deepEqual([await statusOf(await sign()), await statusOf(await sign({}, second))], [401, 200]);
  rmSync(secretFile);
  assert.match(await hangUp(), /nothing was changed: Expected @FILE/);
  assert.equal(await statusOf(await sign({}, second)), 200);
  assert.equal(await statusOf(await next.sign({ sub: "eva", aud: "sotto" })), 200);
  assert.ok(!server.log().includes(second) && !server.log().includes(SECRET), "no secret in the log");
});

test("a key set that cannot be read does not keep the server from serving others; its own tokens are a 503", async () => {
  const lonely = await startServer(["--jwks", "http://127.0.0.1:9/jwks"], { SOTTO_JWT_SECRET: SECRET });
  try {
    const askLonely = async (token: string) =>
      fetch(`${lonely.url}/v1/models`, { headers: { authorization: `Bearer ${token}` } });
    assert.equal((await askLonely(await sign())).status, 200);
    const reply = await askLonely(await next.sign({ sub: "eva" }));
    assert.equal(reply.status, 503);
    assert.equal(((await reply.json()) as ErrorBody).error.code, "auth_unavailable");
    assert.ok(Number(reply.headers.get("retry-after")) >= 1);
    assert.match(lonely.log(), /key set of --jwks cannot be read/);
  } finally {
    await lonely.stop();
  }
});

test("a secret that is short or in sight serves, with a warning", async () => {
  const server = await startServer(["--jwt-secret", "hunter2"]);
  try {
    const token = await sign({}, "hunter2");
    const reply = await fetch(`${server.url}/v1/models`, { headers: { authorization: `Bearer ${token}` } });
    assert.equal(reply.status, 200);
    assert.match(server.log(), /shorter than 32 bytes/);
    assert.match(server.log(), /stands on the command line/);
    assert.ok(!server.log().includes("hunter2"));
  } finally {
    await server.stop();
  }
});

test("options that would let in the wrong ones keep the server from starting", async () => {
  const refused = async (args: string[], environment: NodeJS.ProcessEnv, message: RegExp) => {
    const { code, stderr } = await runSotto(["serve", "--home", home, "--port", "0", ...args], environment);
    assert.equal(code, 2, stderr);
    assert.match(stderr, message);
    assert.ok(!stderr.includes("hunter2"));
  };
  await refused(["--jwks", "http://id.example/jwks"], {}, /https URL/);
  await refused(["--jwks", "https://user:hunter2@id.example/jwks"], {}, /without a password/);
  await refused(["--jwt-issuer", "x"], {}, /need --jwt-secret or --jwks/);
});
