import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { checkAirGap, checkKeys, checkTls } from "../../src/cli/doctor/check-access.js";
import { checkProviders } from "../../src/cli/doctor/check-providers.js";
import { checkHome } from "../../src/cli/doctor/check-surroundings.js";
import type { ProviderSettings } from "../../src/core/provider-settings.js";
import { settingsOf } from "../remote/samples.js";
import { runSotto, temporaryHome } from "../support/sotto.js";

const KEY = "sk-live-0123456789abcdef";
const folder = mkdtempSync(join(tmpdir(), "sotto-doctor-"));
const asked: { url: string | undefined; key: string | undefined }[] = [];
let answer: (request: IncomingMessage, response: ServerResponse) => void;
const service = createServer((request, response) => {
  asked.push({ url: request.url, key: request.headers.authorization });
  answer(request, response);
});
let baseUrl: string;

before(async () => {
  service.listen(0, "127.0.0.1");
  await once(service, "listening");
  baseUrl = `http://127.0.0.1:${(service.address() as AddressInfo).port}/v1`;
});
after(() => {
  service.close();
  rmSync(folder, { recursive: true, force: true });
});

const lists = (body: unknown, status = 200) => {
  answer = (_request, response) =>
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
};
const ENVIRONMENT = { PROVIDER_KEY: KEY };
const OPEN = { airGapped: false, dailySpendLimit: undefined };
async function findingOf(given: Partial<ProviderSettings>, environment: NodeJS.ProcessEnv = ENVIRONMENT) {
  const settings = settingsOf({ name: "outside", baseUrl, apiKeyEnv: "PROVIDER_KEY", ...given });
  const [finding] = await checkProviders({ ...OPEN, providers: [settings] }, environment);
  assert.ok(finding);
  assert.doesNotMatch(JSON.stringify(finding), /0123456789/, "no key is shown");
  return finding;
}

test("doctor: a provider that answers and has the models is well, and what was not said of it is told", async () => {
  lists({ object: "list", data: [{ id: "whisper-1" }, { id: "gpt-4o-transcribe" }] });
  const { state, text, details } = await findingOf({ eu: true, pricePerMinute: 0.006 });
  assert.equal(state, "ok");
  assert.match(text, /^outside \(openai, 127\.0\.0\.1:\d+\): it answers; it has whisper-1$/);
  assert.deepEqual(details, [
    "eu: yes, zero data retention: no, quantized: yes, or not said, price: $0.006 a minute, speed: not said",
  ]);
  assert.deepEqual(asked.at(-1), { url: "/v1/models", key: `Bearer ${KEY}` });
  lists([{ id: "whisper-1" }]);
  assert.equal((await findingOf({ dialect: "together" })).state, "ok", "a bare list is one too");
});

test("doctor: what would make a provider fail is a note with its remedy", async () => {
  lists({ data: [{ id: "other" }] });
  const missing = await findingOf({});
  assert.deepEqual([missing.state, missing.remedy], ["note", "check the names in models"]);
  assert.match(missing.text, /does not list whisper-1$/);
  lists({ error: { message: `Incorrect API key provided: ${KEY}` } }, 401);
  const refused = await findingOf({});
  assert.deepEqual([refused.state, refused.remedy], ["note", "get a new key"]);
  assert.match((await findingOf({ apiKeyEnv: undefined })).text, /refuses to answer without a key \(401\)$/);
  lists({}, 500);
  assert.match((await findingOf({})).text, /it answers 500$/);
  answer = (_request, response) => response.writeHead(302, { location: "http://127.0.0.1:1/" }).end();
  assert.match(
    (await findingOf({})).text,
    /it answers 302$/,
    "a redirect is not followed: it would take the key along",
  );
  assert.match((await findingOf({ baseUrl: "http://127.0.0.1:1/v1" })).text, /there is no connection to it$/);
  answer = () => {};
  assert.match((await findingOf({ connectTimeoutMs: 50 })).text, /did not answer in time$/);
  assert.match((await findingOf({ baseUrl: "http://nowhere.invalid/v1" })).text, /its host was not found$/);
});

test("doctor: a service without a list of models is asked whether it is there, no more", async () => {
  lists({}, 404);
  const found = await findingOf({ dialect: "v2", baseUrl: baseUrl.replace("/v1", "") });
  assert.deepEqual([found.state, asked.at(-1)?.url], ["ok", "/"]);
  assert.match(found.text, /it answers; it lists no models$/);
});

test("doctor: a spend limit that does not hold, and a key that is not there, are said", async () => {
  lists({ data: [{ id: "whisper-1" }] });
  const unlimited = await findingOf({ dailySpendLimit: 5 });
  assert.equal(unlimited.state, "note");
  assert.match(unlimited.details?.[1] ?? "", /a spend limit does not hold it, since it has no pricePerMinute/);
  const { length } = asked;
  const keyless = await findingOf({}, {});
  assert.equal(keyless.state, "fail");
  assert.match(keyless.text, /^outside: apiKeyEnv names an environment variable that is not set$/);
  assert.equal(asked.length, length, "it is not asked without its key");
});

test("doctor: air-gapped, nobody is connected to, and providers are what keeps the server from starting", async () => {
  const { length } = asked;
  const providers = [settingsOf({ name: "outside", baseUrl })];
  const [failing] = await checkProviders({ providers, airGapped: true, dailySpendLimit: undefined }, ENVIRONMENT);
  assert.equal(failing?.state, "fail");
  assert.match(failing?.remedy ?? "", /take providers \(outside\) out of the config file/);
  const [well] = await checkProviders({ providers: [], airGapped: true, dailySpendLimit: undefined }, ENVIRONMENT);
  assert.equal(well?.state, "ok");
  assert.equal(asked.length, length);
});

test("doctor: what keeps an air-gapped server from starting is a failure", () => {
  const options = { airGapped: true, allowPull: false, allowUrl: "off" as const, jwks: undefined };
  const textOf = (given: Partial<Parameters<typeof checkAirGap>[0]>) => checkAirGap({ ...options, ...given })?.text;
  assert.match(textOf({ allowUrl: "any" }) ?? "", /--allow-url off/);
  assert.match(textOf({ allowPull: true }) ?? "", /no --allow-pull/);
  for (const jwks of ["https://id.example/keys", "HTTP://10.0.0.7/keys", "https://"]) {
    assert.match(textOf({ jwks }) ?? "", /for --jwks/, jwks);
  }
  for (const jwks of [undefined, "/etc/keys.json", "keys.json", "http://127.0.0.1:9/keys", "https://[::1]/keys"]) {
    assert.equal(textOf({ jwks }), undefined, jwks);
  }
  assert.equal(textOf({ airGapped: false, allowUrl: "any", allowPull: true, jwks: "https://id.example" }), undefined);
});

test("doctor: the keys' file is read, and an open door to a network is a failure", async () => {
  const home = temporaryHome();
  const options = { home, host: "127.0.0.1", insecure: false, jwtSecret: undefined, jwks: undefined };
  const stateOf = async (given: Partial<Parameters<typeof checkKeys>[0]>) => {
    const { state, text } = await checkKeys({ ...options, ...given });
    return [state, text];
  };
  assert.deepEqual(await stateOf({}), ["ok", "none: whoever is on this machine may use the server"]);
  assert.equal((await stateOf({ host: "0.0.0.0" }))[0], "fail");
  assert.equal((await stateOf({ host: "0.0.0.0", insecure: true }))[0], "note");
  assert.equal((await stateOf({ host: "0.0.0.0", jwtSecret: "x" }))[0], "ok");
  await runSotto(["keys", "create", "laptop", "--home", home]);
  assert.deepEqual(await stateOf({ host: "0.0.0.0" }), ["ok", "1 key"]);
  await runSotto(["keys", "revoke", "laptop", "--home", home]);
  assert.deepEqual(await stateOf({}), ["note", "the last key was revoked"]);
  writeFileSync(join(home, "keys", "keys.json"), '{"version":1,"keys":[{"sha256":"abc');
  const [state, text] = await stateOf({});
  assert.deepEqual([state, text], ["fail", "The keys file is damaged: it is no JSON. Restore it from a copy."]);
  rmSync(join(home, "keys", "keys.json"));
  mkdirSync(join(home, "keys", "keys.json"));
  assert.deepEqual(await stateOf({}), ["fail", "the keys' file cannot be read (EISDIR)"]);
  rmSync(home, { recursive: true });
});

const skip = spawnSync("openssl", ["version"]).status !== 0 && "openssl, which makes the certificates, is missing";

test("doctor: the certificate is read, with its end", { skip }, () => {
  const [cert, key] = [join(folder, "a.crt"), join(folder, "a.key")];
  const make = (days: number) => {
    const options = ["-newkey", "rsa:2048", "-nodes", "-days", String(days), "-subj", "/CN=sotto.example"];
    execFileSync("openssl", ["req", "-x509", ...options, "-keyout", key, "-out", cert], { stdio: "ignore" });
  };
  make(100);
  const files = { tlsCert: cert, tlsKey: key, host: "0.0.0.0" };
  const dayMs = 86_400_000;
  const at = (days: number) => checkTls(files, Date.now() + days * dayMs);
  assert.equal(at(0)?.state, "ok");
  assert.match(at(0)?.text ?? "", /^CN=sotto\.example, valid until \d{4}-\d\d-\d\d$/);
  assert.deepEqual([at(90)?.state, at(90)?.remedy], ["note", "renew it, then send the server SIGHUP"]);
  assert.match(at(101)?.text ?? "", /it has ended$/);
  assert.match(at(-2)?.text ?? "", /it is not valid yet$/);
  assert.equal(checkTls({ tlsCert: undefined, tlsKey: undefined, host: "localhost" }), undefined);
  assert.equal(checkTls({ tlsCert: undefined, tlsKey: undefined, host: "0.0.0.0" })?.state, "note");
  const secret = readFileSync(key, "utf8").split("\n")[3] as string;
  for (const wrong of [{ tlsKey: undefined }, { tlsCert: key }, { tlsKey: join(folder, "gone.key") }]) {
    const found = checkTls({ ...files, ...wrong });
    assert.equal(found?.state, "fail");
    assert.ok(!JSON.stringify(found).includes(secret));
  }
});

test("doctor: a disk that has come down to its reserve is a failure", async () => {
  assert.equal((await checkHome(folder, 1)).state, "ok");
  const full = await checkHome(folder, 2 ** 60);
  assert.equal(full.state, "fail");
  assert.match(full.remedy ?? "", /--spool-reserve/);
});

test("doctor: the command asks the providers of the config file, and shows no key", async () => {
  lists({ data: [{ id: "whisper-1" }] });
  const config = join(folder, "config.json");
  const provider = {
    name: "outside",
    dialect: "openai",
    baseUrl,
    apiKeyEnv: "PROVIDER_KEY",
    models: { "*": "whisper-1" },
  };
  writeFileSync(config, JSON.stringify({ providers: [provider] }));
  const home = temporaryHome();
  const args = ["doctor", "--home", home, "--port", "0", "--config", config];
  const well = await runSotto(args, ENVIRONMENT);
  assert.equal(well.code, 0, well.stdout);
  assert.match(
    well.stdout,
    /^ok +overflow +outside \(openai, 127\.0\.0\.1:\d+\): it answers; it has whisper-1\n +eu: no/m,
  );
  assert.match(well.stdout, /^ok +keys +none: whoever is on this machine/m);
  assert.match(well.stdout, /^ok +home +\S+, [\d.]+ \w+ free, of which 256 MiB stay so/m);
  assert.doesNotMatch(well.stdout + well.stderr, /0123456789/);
  rmSync(home, { recursive: true, force: true });
});
