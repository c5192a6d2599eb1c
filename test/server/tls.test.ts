import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { TLSSocket } from "node:tls";
import { runSotto, startServer } from "../support/sotto.js";

const skip =
  spawnSync("openssl", ["version"]).status === 0 ? false : "openssl, which makes the certificates, is missing";
const folder = mkdtempSync(join(tmpdir(), "sotto-tls-"));
after(() => rmSync(folder, { recursive: true, force: true }));

function makeCertificate(name: string): { cert: string; key: string } {
  const [cert, key] = [join(folder, `${name}.crt`), join(folder, `${name}.key`)];
  const options = ["-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", `/CN=${name}`];
  const names = ["-addext", "subjectAltName=IP:127.0.0.1"];
  execFileSync("openssl", ["req", "-x509", ...options, ...names, "-keyout", key, "-out", cert], { stdio: "ignore" });
  return { cert, key };
}

/** Status and the subject of the certificate that was shown. */
function ask(url: string, ca: Buffer): Promise<{ status: number | undefined; subject: string | undefined }> {
  return new Promise((resolve, reject) => {
    const sent = request(`${url}/v1/models`, { ca, agent: false }, (reply) => {
      reply.resume();
      const { subject } = (reply.socket as TLSSocket).getPeerCertificate();
      resolve({ status: reply.statusCode, subject: String(subject.CN) });
    });
    sent.on("error", reject).end();
  });
}

test("with a certificate the server speaks HTTPS alone, and takes a renewed one on SIGHUP", { skip }, async () => {
  const first = makeCertificate("first");
  const second = makeCertificate("second");
  const server = await startServer(["--tls-cert", first.cert, "--tls-key", first.key]);
  try {
    assert.match(server.url, /^https:/);
    const ca = Buffer.concat([readFileSync(first.cert), readFileSync(second.cert)]);
    assert.deepEqual(await ask(server.url, ca), { status: 200, subject: "first" });
    await assert.rejects(fetch(server.url.replace("https:", "http:")));
    const renew = async (cert: Buffer, key: Buffer, answer: RegExp) => {
      writeFileSync(first.cert, cert);
      writeFileSync(first.key, key);
      const before = server.log().length;
      server.child.kill("SIGHUP");
      for (let waitedMs = 0; !answer.test(server.log().slice(before)); waitedMs += 20) {
        assert.ok(waitedMs < 10_000, server.log().slice(before));
        await sleep(20);
      }
    };
    await renew(readFileSync(second.cert), readFileSync(second.key), /were read again/);
    assert.equal((await ask(server.url, ca)).subject, "second");
    await renew(Buffer.from("half a file"), readFileSync(second.key), /nothing was changed: .*no pair of PEM files/);
    assert.equal((await ask(server.url, ca)).subject, "second");
  } finally {
    await server.stop();
  }
});

test("a certificate without its key, an unreadable one and two that do not fit keep the server from starting", {
  skip,
}, async () => {
  const [a, b] = [makeCertificate("a"), makeCertificate("b")];
  const refused = async (args: string[], message: RegExp) => {
    const { code, stderr } = await runSotto(["serve", "--port", "0", "--home", folder, ...args]);
    assert.notEqual(code, 0);
    assert.match(stderr, message);
  };
  await refused(["--tls-cert", a.cert], /need each other/);
  await refused(["--tls-cert", a.cert, "--tls-key", join(folder, "none")], /cannot be read \(ENOENT\)/);
  await refused(["--tls-cert", a.cert, "--tls-key", b.key], /no pair of PEM files/);
});
