import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { FIELD_NAMES, FIELDS } from "../../src/dialects/fields.js";
import { ROUTES } from "../../src/http/routes.js";
import { Chance } from "../support/chance.js";
import { fixtureOf } from "../support/fixtures.js";
import { type RunningServer, startServer } from "../support/sotto.js";

const CASES = 300;
const BOUNDARY = "sotto-boundary";
const CRLF = "\r\n";
const clip = readFileSync(fixtureOf(1, 2).path);
let server: RunningServer;

before(async () => {
  server = await startServer();
});
after(async () => {
  assert.equal(await server.stop(), 0);
});

const PATHS = ROUTES.filter(({ answers }) => answers === "transcription").map(({ path }) => path);
const NAMES = FIELD_NAMES.flatMap((name) => [...FIELDS[name].names]).filter((name) => name !== "timeout_ms");
const ODD = ["__proto__", "", "a\u0000b", "näme", "👋", "constructor[x]", "x".repeat(300)];
const VALUES = [
  "",
  "x",
  "null",
  "1",
  "true",
  "en",
  '["a"]',
  "[",
  "{}",
  "👩‍👩‍👧",
  "\u0000",
  "word",
  "https://127.0.0.1/x",
];
const ENDS = ["", "[]", "[0]", "[type]", "[", "]"];

/** A body that is now and then not what it says it is. */
function randomBody(chance: Chance): Buffer {
  const field = (name: string, value: string | Buffer, extra = "") =>
    Buffer.concat([
      Buffer.from(`--${BOUNDARY}${CRLF}Content-Disposition: form-data; name="${name}"${extra}${CRLF}${CRLF}`),
      Buffer.from(value),
      Buffer.from(CRLF),
    ]);
  const parts = Array.from({ length: chance.below(6) }, () =>
    field(`${chance.of(chance.below(4) === 0 ? ODD : NAMES)}${chance.of(ENDS)}`, chance.of(VALUES)),
  );
  for (let files = chance.below(3); files > 0; files--) {
    const content = chance.of([clip, Buffer.alloc(0), Buffer.from("no sound")]);
    parts.splice(chance.below(parts.length + 1), 0, field("file", content, '; filename="a.wav"'));
  }
  const whole = Buffer.concat([...parts, Buffer.from(`--${BOUNDARY}--${CRLF}`)]);
  switch (chance.below(8)) {
    case 0:
      return whole.subarray(0, chance.below(whole.length + 1));
    case 1: {
      const harmed = Buffer.from(whole);
      for (let count = 0; count < 5; count++) harmed[chance.below(harmed.length)] = chance.below(256);
      return harmed;
    }
    default:
      return whole;
  }
}

test(`of ${CASES} random forms over HTTP none is answered with a 5xx, and the server lives`, async () => {
  const chance = new Chance(42);
  const statuses = new Map<number, number>();
  for (let i = 0; i < CASES; i++) {
    const path = chance.of(PATHS);
    const type = chance.below(20) === 0 ? "multipart/form-data" : `multipart/form-data; boundary=${BOUNDARY}`;
    const reply = await fetch(`${server.url}${path}`, {
      method: "POST",
      headers: { "content-type": type },
      body: randomBody(chance),
    });
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
