import assert from "node:assert/strict";
import { test } from "node:test";
import { fixtureOf } from "../support/fixtures.js";
import { postFile } from "../support/post.js";
import { startServer } from "../support/sotto.js";

const ORIGIN = "https://notes.example";

test("pages of the origins that were named may call, read errors and all headers; others may not", async () => {
  const server = await startServer(["--cors-origin", `${ORIGIN}, http://localhost:3000/`]);
  try {
    const path = `${server.url}/v1/audio/transcriptions`;
    const preflight = (origin: string) =>
      fetch(path, {
        method: "OPTIONS",
        headers: {
          origin,
          "access-control-request-method": "POST",
          "access-control-request-headers": "authorization,content-type",
        },
      });
    const allowed = await preflight(ORIGIN);
    assert.equal(allowed.status, 204);
    assert.equal(allowed.headers.get("access-control-allow-origin"), ORIGIN);
    assert.match(allowed.headers.get("access-control-allow-headers") ?? "", /authorization/);
    assert.equal(
      (await preflight("http://localhost:3000")).headers.get("access-control-allow-origin"),
      "http://localhost:3000",
    );
    assert.equal((await preflight("https://evil.example")).headers.get("access-control-allow-origin"), null);

    const heard = await postFile(path, fixtureOf(1, 2).path, {}, { origin: ORIGIN });
    assert.deepEqual([heard.status, heard.headers.get("access-control-allow-origin")], [200, ORIGIN]);
    assert.match(heard.headers.get("access-control-expose-headers") ?? "", /x-request-id.*retry-after/);
    const refused = await postFile(path, fixtureOf(1, 2).path, { temperature: "9" }, { origin: ORIGIN });
    assert.deepEqual([refused.status, refused.headers.get("access-control-allow-origin")], [400, ORIGIN]);
  } finally {
    await server.stop();
  }
});

test("a star lets in pages of any origin, and without the option there are none of these headers", async () => {
  const open = await startServer(["--cors-origin", "*"]);
  const closed = await startServer();
  try {
    const originOf = async (url: string) =>
      (await fetch(`${url}/v1/models`, { headers: { origin: ORIGIN } })).headers.get("access-control-allow-origin");
    assert.deepEqual([await originOf(open.url), await originOf(closed.url)], ["*", null]);
    assert.equal((await fetch(`${closed.url}/v1/models`, { method: "OPTIONS" })).status, 405);
  } finally {
    await Promise.all([open.stop(), closed.stop()]);
  }
});
