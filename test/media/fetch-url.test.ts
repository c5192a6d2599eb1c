import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { SottoError } from "../../src/core/errors.js";
import type { Resolve } from "../../src/media/checked-lookup.js";
import { UrlFetcher, type UrlFetcherParts } from "../../src/media/fetch-url.js";
import { URL_POLICIES, type UrlPolicy } from "../../src/media/url-policy.js";
import { temporaryFolder } from "./make-audio.js";

/** Stands for the internet: where the test's own server is. All else is judged as in earnest. */
const INTERNET = "127.0.0.1";
const policy: UrlPolicy = {
  allowsPort: () => true,
  allowsName: URL_POLICIES.public.allowsName,
  allowsAddress: (address) => address === INTERNET || URL_POLICIES.public.allowsAddress(address),
};
const never = new AbortController().signal;

const names: Record<string, string[]> = {
  "good.example": [INTERNET],
  "inner.example": ["10.0.0.7"],
  "metadata.example": ["169.254.169.254"],
  "loop.example": ["127.0.0.2"],
  "both.example": [INTERNET, "127.0.0.2"],
  "mapped.example": ["::ffff:127.0.0.1"],
  "zone.example": ["fe80::1%lo"],
};
const resolve: Resolve = async (name) => {
  const found = names[name];
  if (!found) throw Object.assign(new Error("not found"), { code: "ENOTFOUND" });
  return found.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
};

/** A server on every address of this machine, a fetcher, and what was asked of the server. */
async function setUp(
  context: TestContext,
  answer: (request: IncomingMessage, response: ServerResponse, port: number) => void,
  parts: Partial<UrlFetcherParts> = {},
) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? "");
    answer(request, response, port);
  }).listen(0);
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const path = join(await temporaryFolder(context), "fetched");
  const fetcher = new UrlFetcher({ policy, resolve, ...parts });
  const fetchFrom = (url: string, maxBytes = 1_000_000, signal = never) =>
    fetcher.save(url.replace("PORT", String(port)), { path, maxBytes }, signal);
  return { fetchFrom, path, asked, server, port };
}

function withCode(code: string, message = /./): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof SottoError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, message);
    assert.doesNotMatch(error.message, /127\.0\.0|\/tmp|10\.0\.0\.7/);
    return true;
  };
}

test("what lies at a URL is written as it is and hashed, and the request tells nothing of us", async (context) => {
  let headers: IncomingMessage["headers"] = {};
  const { fetchFrom, path } = await setUp(context, (request, response) => {
    headers = request.headers;
    response.end("audio");
  });
  assert.equal((await fetchFrom("http://good.example:PORT/a.wav")).bytes, 5);
  assert.equal(readFileSync(path, "utf8"), "audio");
  assert.deepEqual(Object.keys(headers).sort(), ["accept", "accept-encoding", "connection", "host", "user-agent"]);
  assert.equal(headers["accept-encoding"], "identity");
});

test("redirects of all kinds are followed, relative ones too", async (context) => {
  const statuses = [301, 302, 303, 307, 308];
  const { fetchFrom, path, asked } = await setUp(context, (_request, response) => {
    const status = statuses.shift();
    if (status) response.writeHead(status, { location: `next-${status}` }).end("not this");
    else response.end("audio");
  });
  await fetchFrom("http://good.example:PORT/a/b");
  assert.equal(readFileSync(path, "utf8"), "audio");
  assert.deepEqual(asked, ["/a/b", "/a/next-301", "/a/next-302", "/a/next-303", "/a/next-307", "/a/next-308"]);
});

const TARGETS = [
  "http://127.0.0.2:PORT/secret",
  "http://[::1]:PORT/secret",
  "http://[::ffff:127.0.0.1]:PORT/secret",
  "http://0.0.0.0:PORT/secret",
  "http://0x7f.0.0.2:PORT/secret",
  "http://localhost:PORT/secret",
  "http://loop.example:PORT/secret",
  "http://both.example:PORT/secret",
  "http://mapped.example:PORT/secret",
  "http://zone.example:PORT/secret",
  "http://inner.example:PORT/secret",
  "http://metadata.example/secret",
  "http://user:pass@good.example:PORT/secret",
  "file:///etc/passwd",
  "data:audio/wav,secret",
  "//127.0.0.2:PORT/secret",
];

for (const target of TARGETS) {
  test(`${target} is refused, and asked nothing, also at the end of redirects`, async (context) => {
    const { fetchFrom, path, asked } = await setUp(context, (request, response, port) => {
      const location = request.url === "/one" ? "/two" : target.replace("PORT", String(port));
      response.writeHead(request.url === "/secret" ? 200 : 302, { location }).end("secret");
    });
    await assert.rejects(fetchFrom("http://good.example:PORT/one"), withCode("url_not_allowed"));
    assert.deepEqual(asked, ["/one", "/two"]);
    assert.ok(!existsSync(path));
    if (!target.startsWith("//")) await assert.rejects(fetchFrom(target), withCode("url_not_allowed"));
    assert.equal(asked.length, 2);
  });
}

test("a name server that answers otherwise the second time is asked once for each connection, and its answer is checked", async (context) => {
  const answers = [INTERNET, "127.0.0.2", INTERNET];
  let questions = 0;
  const { fetchFrom, asked } = await setUp(
    context,
    (_request, response) => response.writeHead(302, { location: "/again" }).end(),
    { resolve: async () => [{ address: answers[questions++] as string, family: 4 }] },
  );
  await assert.rejects(fetchFrom("http://rebinding.example:PORT/first"), withCode("url_not_allowed"));
  assert.deepEqual([questions, asked], [2, ["/first"]]);
});

test("redirects without end are given up", async (context) => {
  const { fetchFrom, asked } = await setUp(
    context,
    (_request, response) => response.writeHead(302, { location: "/again" }).end(),
    { limits: { redirects: 3 } },
  );
  await assert.rejects(fetchFrom("http://good.example:PORT/"), withCode("url_fetch_failed", /more than 3 times/));
  assert.equal(asked.length, 4);
});

test("a server that answers with an error, without content or compressed is said to do so", async (context) => {
  const { fetchFrom } = await setUp(context, (request, response) => {
    const status = Number(request.url?.slice(1));
    response.writeHead(status, status === 200 ? { "content-encoding": "gzip" } : {}).end();
  });
  for (const status of [204, 206, 302, 304, 404, 500]) {
    const expected = withCode("url_fetch_failed", new RegExp(`status ${status}`));
    await assert.rejects(fetchFrom(`http://good.example:PORT/${status}`), expected);
  }
  await assert.rejects(fetchFrom("http://good.example:PORT/200"), withCode("url_fetch_failed", /compressed/));
});

test("too large a file is refused: unread when its size was announced, else as soon as the limit is passed", async (context) => {
  let sent = 0;
  const { fetchFrom, path } = await setUp(context, (request, response) => {
    if (request.url === "/announced") {
      response.writeHead(200, { "content-length": 5000 }).flushHeaders();
      return;
    }
    const send = () => {
      while (!response.destroyed && sent < 500_000_000 && response.write(Buffer.alloc(65_536))) sent += 65_536;
    };
    response.on("drain", send);
    send();
  });
  const tooLarge = withCode("file_too_large", /at most 1000 bytes/);
  await assert.rejects(fetchFrom("http://good.example:PORT/announced", 1000), tooLarge);
  await assert.rejects(fetchFrom("http://good.example:PORT/endless", 1000), tooLarge);
  assert.ok(sent < 50_000_000, `${sent} bytes`);
  assert.ok(!existsSync(path));
});

test("an empty file, one that breaks off, a host that is not there and a port where nobody listens", async (context) => {
  const { fetchFrom, path, server } = await setUp(context, (request, response) => {
    if (request.url === "/empty") return response.end();
    response.writeHead(200, { "content-length": 100 });
    response.write("half", () => response.destroy());
    return undefined;
  });
  await assert.rejects(fetchFrom("http://good.example:PORT/empty"), withCode("empty_file"));
  await assert.rejects(fetchFrom("http://good.example:PORT/half"), withCode("url_fetch_failed", /broke off/));
  await assert.rejects(fetchFrom("http://nowhere.example:PORT/"), withCode("url_fetch_failed", /host was not found/));
  server.closeAllConnections();
  server.close();
  await once(server, "close");
  await assert.rejects(fetchFrom("http://good.example:PORT/"), withCode("url_fetch_failed", /connection/));
  assert.ok(!existsSync(path));
});

test("a server that keeps its headers, stops midway or drips without end is not waited for", async (context) => {
  const { fetchFrom, path } = await setUp(
    context,
    (request, response) => {
      if (request.url === "/silent") return;
      response.write("some");
      if (request.url === "/stops") return;
      const drip = setInterval(() => response.write("."), 20);
      response.on("close", () => clearInterval(drip));
    },
    { limits: { headersMs: 100, idleMs: 150, totalMs: 600 } },
  );
  await assert.rejects(fetchFrom("http://good.example:PORT/silent"), withCode("url_fetch_failed", /came for 0.1 s/));
  await assert.rejects(fetchFrom("http://good.example:PORT/stops"), withCode("url_fetch_failed", /came for 0.15 s/));
  await assert.rejects(fetchFrom("http://good.example:PORT/drips"), withCode("url_fetch_failed", /longer than 0.6 s/));
  assert.ok(!existsSync(path));
});

test("who asked for it and left ends the fetch, before and during the body", async (context) => {
  let closed = 0;
  const { fetchFrom, path } = await setUp(context, (request, response) => {
    response.on("close", () => closed++);
    if (request.url === "/body") response.write("some");
  });
  for (const place of ["headers", "body"]) {
    const gone = new AbortController();
    const reason = new Error("left");
    setTimeout(() => gone.abort(reason), 100);
    await assert.rejects(
      fetchFrom(`http://good.example:PORT/${place}`, 1000, gone.signal),
      (error) => error === reason,
    );
  }
  await new Promise((done) => setTimeout(done, 50));
  assert.equal(closed, 2);
  assert.ok(!existsSync(path));
});

test("what is no HTTP, and a switch of protocols, are failures and nothing worse", async (context) => {
  const { fetchFrom } = await setUp(context, (request, response) => {
    const lines =
      request.url === "/ssh"
        ? "SSH-2.0-OpenSSH\r\n\r\n"
        : "HTTP/1.1 101 S\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n";
    response.socket?.end(lines);
  });
  for (const place of ["ssh", "upgrade"]) {
    await assert.rejects(fetchFrom(`http://good.example:PORT/${place}`), withCode("url_fetch_failed"));
  }
});

test("without a policy nothing is fetched", async (context) => {
  const { fetchFrom, asked } = await setUp(context, (_request, response) => response.end("audio"), {
    policy: undefined,
  });
  await assert.rejects(fetchFrom("http://good.example:PORT/"), withCode("url_not_allowed", /does not fetch URLs/));
  assert.equal(asked.length, 0);
});
