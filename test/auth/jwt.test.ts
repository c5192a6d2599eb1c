import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { exportJWK, exportSPKI, generateKeyPair, type JWK, SignJWT } from "jose";
import { JwksCache } from "../../src/auth/jwks-cache.js";
import { jwksSource } from "../../src/auth/jwks-source.js";
import { JwtVerifier, type JwtVerifierOptions } from "../../src/auth/jwt-verifier.js";
import { SottoError } from "../../src/core/errors.js";
import { temporaryFolder } from "../catalog/temporary-folder.js";
import { keyPair, startJwksHost } from "./jwks-host.js";

const SECRET = "a secret of at least thirty-two bytes";
const secretBytes = new TextEncoder().encode(SECRET);
const nowSec = () => Math.floor(Date.now() / 1000);

const hs256 = (claims: object = {}, alg = "HS256") =>
  new SignJWT({ sub: "ada", exp: nowSec() + 60, ...claims }).setProtectedHeader({ alg }).sign(secretBytes);
const verifier = (options: Partial<JwtVerifierOptions> = {}) =>
  new JwtVerifier({ secret: SECRET, jwks: undefined, issuer: undefined, audience: undefined, ...options });
const cacheOf = (keys: JWK[]) => new JwksCache({ load: async () => ({ keys }), onTrouble: assert.fail });

async function refused(verdict: Promise<unknown>, message = /signed for this server/, code = "invalid_api_key") {
  await assert.rejects(verdict, (error: unknown) => {
    assert.ok(error instanceof SottoError);
    assert.equal(error.code, code);
    assert.match(error.message, message);
    return true;
  });
}

test("an HS256 token speaks for its subject", async () => {
  assert.equal(await verifier().verify(await hs256()), "ada");
  for (const sub of [undefined, "", 7, ["ada"], null]) {
    assert.equal(await verifier().verify(await hs256({ sub })), "jwt");
  }
  assert.equal((await verifier().verify(await hs256({ sub: "x".repeat(5000) }))).length, 256);
});

test("a token is refused before its time, after its end, and without one; clocks may differ by a little", async () => {
  await refused(verifier().verify(await hs256({ exp: nowSec() - 31 })), /has expired/);
  await refused(verifier().verify(await hs256({ nbf: nowSec() + 60 })), /not valid yet/);
  assert.equal(await verifier().verify(await hs256({ exp: undefined })), "ada", "RFC 7519: exp is optional");
  await refused(verifier().verify(await hs256({ exp: "tomorrow" })), /'exp'/);
  await verifier().verify(await hs256({ exp: nowSec() - 10, nbf: nowSec() + 10 }));
});

test("issuer and audience are checked when they are asked for", async () => {
  const strict = verifier({ issuer: "https://id.example", audience: "sotto" });
  await strict.verify(await hs256({ iss: "https://id.example", aud: ["other", "sotto"] }));
  await refused(strict.verify(await hs256({ iss: "https://id.example", aud: "other" })), /'aud'/);
  await refused(strict.verify(await hs256({ iss: "https://id.example" })), /'aud'/);
  await refused(strict.verify(await hs256({ iss: "https://evil.example", aud: "sotto" })), /'iss'/);
});

test("a forged, changed or unsigned token is refused", async () => {
  const token = await hs256();
  const [header, payload, signature] = token.split(".") as [string, string, string];
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const admin = encode({ sub: "eve", exp: nowSec() + 60 });
  const none = encode({ alg: "none" });
  for (const forged of [
    `${header}.${admin}.${signature}`,
    `${none}.${payload}.`,
    `${encode({ alg: "None" })}.${payload}.${signature}`,
    `${encode({})}.${payload}.${signature}`,
    `${encode({ alg: ["HS256"] })}.${payload}.${signature}`,
    `${header}.${payload}.`,
    `${header}.${payload}.${signature.slice(1)}`,
    await hs256({}, "HS512"),
    "a.b.c",
  ]) {
    await refused(verifier().verify(forged), /signed for this server|readable/);
  }
  await refused(verifier({ secret: `${SECRET}!` }).verify(token));
});

test("a public key is never taken for an HMAC secret", async () => {
  const { publicKey } = await generateKeyPair("RS256", { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid: "a", alg: "RS256" };
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const unsigned = `${encode({ alg: "HS256", kid: "a" })}.${encode({ sub: "eve", exp: nowSec() + 60 })}`;
  for (const secret of [await exportSPKI(publicKey), JSON.stringify(jwk), String(jwk.n)]) {
    const token = `${unsigned}.${createHmac("sha256", secret).update(unsigned).digest("base64url")}`;
    await refused(verifier({ secret: undefined, jwks: cacheOf([jwk]) }).verify(token));
    await refused(verifier({ jwks: cacheOf([jwk]) }).verify(token));
  }
  // Nor a secret that somebody put into the set.
  const oct = { kty: "oct", k: secretBytes.toString(), kid: "a" };
  await refused(verifier({ secret: undefined, jwks: cacheOf([oct]) }).verify(await hs256()));
});

test("RS256, PS256 and ES256 tokens are verified by the key set, with or without a key id", async () => {
  for (const alg of ["RS256", "PS256", "ES256"]) {
    const [first, second] = [await keyPair(alg, "first"), await keyPair(alg, "second")];
    const jwt = verifier({ secret: undefined, jwks: cacheOf([first.jwk, second.jwk]) });
    assert.equal(await jwt.verify(await second.sign({ sub: "ada" })), "ada", alg);
    assert.equal(await jwt.verify(await second.sign({ sub: "ada" }, { withId: false })), "ada", alg);
    const stranger = await keyPair(alg, "second");
    await refused(jwt.verify(await stranger.sign({ sub: "eve" })));
    await refused(jwt.verify(await first.sign({ sub: "ada", exp: nowSec() - 60 })), /expired/);
  }
});

test("a key set is read once, again for an unknown key, and no more than that for strangers' keys", async (context) => {
  const [first, second] = [await keyPair("ES256", "first"), await keyPair("ES256", "second")];
  const host = await startJwksHost(context, [first.jwk]);
  let nowMs = 0;
  const jwks = new JwksCache({ load: jwksSource(host.url), onTrouble: assert.fail, now: () => nowMs });
  const jwt = verifier({ jwks });
  await Promise.all(Array.from({ length: 10 }, async () => jwt.verify(await first.sign({ sub: "ada" }))));
  assert.equal(host.requestCount(), 1);
  host.publish([second.jwk]);
  assert.equal(await jwt.verify(await second.sign({ sub: "ada" })), "ada", "a rotated key is found at once");
  await refused(jwt.verify(await first.sign({ sub: "ada" })));
  for (let count = 0; count < 20; count++) {
    const stranger = await keyPair("ES256", `stranger-${count}`);
    await refused(jwt.verify(await stranger.sign({ sub: "eve" })));
  }
  assert.equal(host.requestCount(), 2);
  nowMs += 10_001;
  await refused(jwt.verify(await first.sign({ sub: "ada" })));
  assert.equal(host.requestCount(), 3);
});

test("while the host is down the keys last read stay valid, for a day; the trouble is told once", async (context) => {
  const pair = await keyPair("ES256", "first");
  const host = await startJwksHost(context, [pair.jwk]);
  const told: string[] = [];
  let nowMs = 0;
  const jwks = new JwksCache({ load: jwksSource(host.url), onTrouble: (line) => told.push(line), now: () => nowMs });
  const jwt = verifier({ jwks });
  const token = await pair.sign({ sub: "ada" }, { expiresInSec: 1000 });
  await jwt.verify(token);
  await host.stop();
  for (const minute of [11, 60, 600, 1439]) {
    nowMs = minute * 60_000;
    assert.equal(await jwt.verify(token), "ada");
    await jwks.refresh();
  }
  assert.equal(told.length, 1);
  assert.match(told[0] as string, /cannot be read: fetch failed/);
  nowMs = 1441 * 60_000;
  await refused(jwt.verify(token), /identity provider/, "auth_unavailable");
});

test("a host that was never there, or sends no key set, is a 503 with the time to come back, and may come up", async (context) => {
  const pair = await keyPair("ES256", "first");
  const host = await startJwksHost(context, [pair.jwk]);
  const told: string[] = [];
  let nowMs = 0;
  const jwks = new JwksCache({ load: jwksSource(host.url), onTrouble: (line) => told.push(line), now: () => nowMs });
  const jwt = verifier({ jwks });
  const token = await pair.sign({ sub: "ada" });
  for (const answer of ["status", "html", "redirect", "endless", "keyless"] as const) {
    host.misbehave(answer);
    const error = await jwt.verify(token).catch((reason: unknown) => reason);
    assert.ok(error instanceof SottoError && error.status === 503, answer);
    assert.ok(error.retryAfterSec && error.retryAfterSec <= 10, answer);
    nowMs += 10_001;
  }
  assert.equal(told.length, 1, told.join("\n"));
  host.misbehave(undefined);
  assert.equal(await jwt.verify(token), "ada");
  assert.match(String(told.at(-1)), /again/);
  assert.equal(await verifier({ jwks }).verify(await hs256()), "ada");
});

test("a key set may be a file; a URL must be https or of this machine", async (context) => {
  const pair = await keyPair("ES256", "first");
  const path = join(await temporaryFolder(context), "keys.json");
  await writeFile(path, JSON.stringify({ keys: [pair.jwk] }));
  const jwks = new JwksCache({ load: jwksSource(path), onTrouble: assert.fail });
  assert.equal(await verifier({ jwks }).verify(await pair.sign({ sub: "ada" })), "ada");
  for (const url of ["https://id.example/jwks", "http://127.0.0.1:1/jwks", "http://[::1]/", "http://localhost/"]) {
    jwksSource(url);
  }
  for (const url of ["http://id.example/jwks", "http://127.0.0.1.example/", "ftp://x/", "https://", "https://u:p@x/"]) {
    assert.throws(() => jwksSource(url), /https URL/, url);
  }
});
