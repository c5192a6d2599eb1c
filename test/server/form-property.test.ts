import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { Chance } from "../support/chance.js";
import { fixtureOf } from "../support/fixtures.js";
import { randomFormRequest } from "../support/random-form.js";
import { type RunningServer, startServer } from "../support/sotto.js";

/** By hand there are more: `npm run fuzz:forms -- --cases 10000`. */
const CASES = 300;
const clip = readFileSync(fixtureOf(1, 2).path);
let server: RunningServer;

before(async () => {
  server = await startServer();
});
after(async () => {
  assert.equal(await server.stop(), 0);
});

test(`of ${CASES} random forms over HTTP none is answered with a 5xx, and the server lives`, async () => {
  const chance = new Chance(42);
  const statuses = new Map<number, number>();
  for (let i = 0; i < CASES; i++) {
    const { path, init } = randomFormRequest(chance, clip);
    const reply = await fetch(`${server.url}${path}`, init);
    const text = await reply.text();
    assert.ok(reply.status < 500, `case ${i}, ${path}: ${reply.status} ${text}\n${server.log().slice(-3000)}`);
    statuses.set(reply.status, (statuses.get(reply.status) ?? 0) + 1);
  }
  assert.ok((statuses.get(200) ?? 0) > 10 && (statuses.get(400) ?? 0) > 10, JSON.stringify([...statuses]));
});

test("a thousand unknown fields are accepted, too many and too long ones are refused with the reason", async () => {
  const url = `${server.url}/v1/audio/transcriptions`;
  const send = (fields: [string, string][]) => {
    const form = new FormData();
    for (const [name, value] of fields) form.append(name, value);
    form.append("file", new Blob([clip]), "a.flac");
    return fetch(url, { method: "POST", body: form });
  };
  const many = (count: number) => Array.from({ length: count }, (_, i): [string, string] => [`unknown-${i}`, "x"]);
  const accepted = await send(many(1000));
  assert.equal(accepted.status, 200, await accepted.clone().text());
  assert.ok((accepted.headers.get("x-sotto-ignored") ?? "").length <= 1003);
  for (const [fields, message] of [
    [many(2500), /at most 2000 fields/],
    [[["prompt", "x".repeat(10 * 1024 * 1024)]], /at most 4194304 bytes/],
    [Array.from({ length: 8 }, (_, i) => [`f${i}`, "x".repeat(3 * 1024 * 1024)]), /at most 20971520 bytes/],
  ] as [[string, string][], RegExp][]) {
    const reply = await send(fields);
    const body = await reply.text();
    assert.equal(reply.status, 400, body.slice(0, 300));
    assert.match(body, message);
  }
});

test("a part without a name is refused, not a failure of the server", async () => {
  const body = '--b\r\nContent-Disposition: form-data; nam="file"\r\n\r\nx\r\n--b--\r\n';
  const headers = { "content-type": "multipart/form-data; boundary=b" };
  const reply = await fetch(`${server.url}/v1/audio/transcriptions`, { method: "POST", headers, body });
  assert.equal(reply.status, 400);
  assert.match(await reply.text(), /a name for every part/);
});

test("parts that say nothing of themselves are passed over, however large and however they are cut", async () => {
  const headers = { "content-type": "multipart/form-data; boundary=b" };
  const head = (text: string) => Buffer.from(`--b\r\n${text}\r\n\r\n`);
  const end = Buffer.from("\r\n");
  const file = Buffer.concat([head('Content-Disposition: form-data; name="file"; filename="a.flac"'), clip, end]);
  for (const byteCount of [0, 16_000, 17_000, 60_000, 200_000, 3_000_000]) {
    const nameless = Buffer.concat([head("X-Odd: 1"), Buffer.alloc(byteCount, 120), end]);
    const whole = Buffer.concat([nameless, file, nameless, Buffer.from("--b--\r\nan epilogue")]);
    for (const chunkBytes of [whole.length, 65_536, 30_000]) {
      const chunks = Array.from({ length: Math.ceil(whole.length / chunkBytes) }, (_, index) =>
        whole.subarray(index * chunkBytes, (index + 1) * chunkBytes),
      );
      const reply = await fetch(`${server.url}/v1/audio/transcriptions`, {
        method: "POST",
        headers,
        body: ReadableStream.from(chunks),
        duplex: "half",
        signal: AbortSignal.timeout(20_000),
      });
      assert.equal(reply.status, 200, `${byteCount} bytes in chunks of ${chunkBytes}: ${await reply.text()}`);
    }
  }
});
