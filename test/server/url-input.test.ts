import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fixtureOf } from "../support/fixtures.js";
import { type ErrorBody, wordsOf } from "../support/post.js";
import { type RunningServer, startServer } from "../support/sotto.js";

const clip = fixtureOf(3, 8);
const folder = mkdtempSync(join(tmpdir(), "sotto-url-"));
let web: Server;
let place: string;
let asked: string[] = [];
let closed = 0;

const answer: RequestListener = (request, response) => {
  asked.push(request.url ?? "");
  response.on("close", () => closed++);
  if (request.url === "/stalls") response.write("RIFF");
  else if (request.url === "/moved") response.writeHead(302, { location: "/talk.bin" }).end();
  else if (request.url === "/large") response.end(Buffer.alloc(2 * 1024 * 1024));
  else if (request.url === "/list.m3u8") response.end(`#EXTM3U\n#EXTINF:9,\n${place}/secret.wav\n#EXT-X-ENDLIST\n`);
  else response.end(readFileSync(clip.path));
};

before(async () => {
  web = createServer(answer).listen(0, "127.0.0.1");
  await once(web, "listening");
  place = `http://127.0.0.1:${(web.address() as AddressInfo).port}`;
});
after(() => {
  web.close();
  rmSync(folder, { recursive: true, force: true });
});

function postUrl(server: RunningServer, fields: Record<string, string>, signal?: AbortSignal): Promise<Response> {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  const url = `${server.url}/v1/audio/transcriptions`;
  return fetch(url, { method: "POST", body: form, ...(signal ? { signal } : {}) });
}

async function codeOf(reply: Response): Promise<string> {
  return ((await reply.json()) as ErrorBody).error.code;
}

async function withServer(args: string[], use: (server: RunningServer) => Promise<void>, environment = {}) {
  const server = await startServer(args, environment);
  asked = [];
  try {
    await use(server);
    assert.deepEqual(readdirSync(join(server.home, "spool")), [], "no temporary file stays");
  } finally {
    assert.equal(await server.stop(), 0);
  }
}

test("any: a URL in `file` or `url` is fetched and transcribed like an upload, within the same limits", async () => {
  await withServer(["--allow-url", "any", "--max-upload-mb", "1"], async (server) => {
    for (const fields of [{ file: `${place}/talk.bin` }, { url: ` ${place}/moved ` }]) {
      const reply = await postUrl(server, fields);
      assert.equal(reply.status, 200);
      assert.equal(reply.headers.get("x-sotto-ignored"), null);
      assert.deepEqual(wordsOf(((await reply.json()) as { text: string }).text), wordsOf(clip.text));
    }
    assert.deepEqual(asked, ["/talk.bin", "/moved", "/talk.bin"]);
    assert.equal(await codeOf(await postUrl(server, { file: `${place}/large` })), "file_too_large");
    assert.equal(await codeOf(await postUrl(server, { file: "http://127.0.0.1:1/" })), "url_fetch_failed");
    assert.equal(await codeOf(await postUrl(server, { file: "file:///etc/passwd" })), "url_not_allowed");
    assert.equal(await codeOf(await postUrl(server, { file: "recording.wav" })), "missing_file");
    const before = asked.length;
    assert.equal(await codeOf(await postUrl(server, { file: `${place}/x`, temperature: "9" })), "invalid_value");
    assert.equal(asked.length, before, "a request with a wrong field is refused before anything is fetched");

    const both = new FormData();
    both.append("url", `${place}/talk.bin`);
    both.append("file", new Blob(["RIFF"]), "a.wav");
    const reply = await fetch(`${server.url}/v1/audio/transcriptions`, { method: "POST", body: both });
    assert.equal(await codeOf(reply), "invalid_value");
  });
});

test("any: a list of further URLs is no recording, and none of them is asked for", async () => {
  await withServer(["--allow-url", "any"], async (server) => {
    assert.equal(await codeOf(await postUrl(server, { file: `${place}/list.m3u8` })), "undecodable_audio");
    assert.deepEqual(asked, ["/list.m3u8"]);
  });
});

test("any: a client that leaves ends the fetch, and a deadline does", async () => {
  await withServer(["--allow-url", "any"], async (server) => {
    const gone = new AbortController();
    closed = 0;
    const reply = postUrl(server, { file: `${place}/stalls` }, gone.signal);
    for (let waitedMs = 0; asked.length === 0 && waitedMs < 20_000; waitedMs += 20) await sleep(20);
    gone.abort();
    await assert.rejects(reply);
    for (let waitedMs = 0; closed === 0 && waitedMs < 20_000; waitedMs += 20) await sleep(20);
    assert.equal(closed, 1);
    const late = await postUrl(server, { file: `${place}/stalls`, timeout_ms: "300" });
    assert.equal(await codeOf(late), "deadline_exceeded");
  });
});

test("off and public: nothing on this machine is ever asked", async () => {
  for (const args of [[], ["--allow-url", "public"]]) {
    await withServer(args, async (server) => {
      for (const url of [`${place}/a`, "http://localhost/a", "http://[::1]/a", "http://2130706433/a", "file:///a"]) {
        const reply = await postUrl(server, { file: url });
        assert.deepEqual([reply.status, await codeOf(reply)], [400, "url_not_allowed"], url);
      }
      assert.deepEqual(asked, []);
    });
  }
});

test("https: a certificate is checked", async (context) => {
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const options = ["-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"];
  const made = spawnSync("openssl", [
    ...["req", ...options, "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", cert],
  ]);
  if (made.status !== 0) return context.skip("no openssl to make a certificate with");
  const secure = createTlsServer({ key: readFileSync(key), cert: readFileSync(cert) }, answer).listen(0, "127.0.0.1");
  await once(secure, "listening");
  const { port } = secure.address() as AddressInfo;
  for (const [environment, status] of [
    [{}, 400],
    [{ NODE_EXTRA_CA_CERTS: cert }, 200],
  ] as const) {
    await withServer(
      ["--allow-url", "any"],
      async (server) => {
        const reply = await postUrl(server, { file: `https://127.0.0.1:${port}/talk.bin` });
        const body = await reply.text();
        assert.equal(reply.status, status, body);
        if (status === 400) assert.match(body, /certificate is not trusted.*url_fetch_failed/s);
      },
      environment,
    );
  }
  secure.close();
});
