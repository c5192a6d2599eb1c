import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { type IncomingMessage, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fixtureOf } from "../support/fixtures.js";
import { type ErrorBody, postFile } from "../support/post.js";
import { type RunningServer, startServer } from "../support/sotto.js";

const MIB = 1024 ** 2;
const clip = fixtureOf(1, 8);
const folder = mkdtempSync(join(tmpdir(), "sotto-limits-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const urlOf = (server: RunningServer) => `${server.url}/v1/audio/transcriptions`;

interface Answer {
  status: number | undefined;
  headers: IncomingMessage["headers"];
  code: string;
}

/** A form whose file is sent as it is asked for; with its length, or without. */
function upload(server: RunningServer, bytes?: number) {
  const sent = request(urlOf(server), {
    method: "POST",
    headers: {
      "content-type": "multipart/form-data; boundary=b",
      ...(bytes === undefined ? {} : { "content-length": bytes }),
    },
  });
  sent.on("error", () => {});
  sent.write('--b\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n');
  const answer = once(sent, "response").then(async ([response]: IncomingMessage[]): Promise<Answer> => {
    let text = "";
    for await (const chunk of response as IncomingMessage) text += chunk;
    const { error } = JSON.parse(text) as Partial<ErrorBody>;
    return { status: response?.statusCode, headers: response?.headers ?? {}, code: error?.code ?? "" };
  });
  return { sent, answer };
}

async function until(holds: () => Promise<boolean>, what: string): Promise<void> {
  for (let waitedMs = 0; !(await holds()); waitedMs += 20) {
    assert.ok(waitedMs < 10_000, what);
    await sleep(20);
  }
}

test("one upload more than may come in at once is told when to come back, and one that leaves makes room", async () => {
  const server = await startServer(["--max-uploads", "2"]);
  try {
    const spooled = async () => (await readdir(join(server.home, "spool"))).length;
    const coming = [upload(server, MIB), upload(server, MIB)];
    await until(async () => (await spooled()) === 2, "two are coming in");
    const refused = await postFile(urlOf(server), clip.path);
    assert.equal(refused.status, 429);
    assert.equal(((await refused.json()) as ErrorBody).error.code, "queue_full");
    assert.ok(Number(refused.headers.get("retry-after")) >= 1);
    assert.equal(refused.headers.get("x-should-retry"), "true");
    coming[0]?.sent.destroy();
    coming[0]?.answer.catch(() => {});
    await until(async () => (await spooled()) === 1, "one has left");
    assert.equal((await postFile(urlOf(server), clip.path)).status, 200);
    coming[1]?.sent.destroy();
    coming[1]?.answer.catch(() => {});
  } finally {
    await server.stop();
  }
});

test("a disk without room for an upload is said before any of it is read", async () => {
  const server = await startServer(["--spool-reserve", "1000000g"]);
  try {
    const { sent, answer } = upload(server, 100 * MIB);
    const { status, headers, code } = await answer;
    assert.deepEqual([status, code, headers["x-should-retry"]], [507, "storage_full", "true"]);
    assert.equal(headers.connection, "close");
    sent.destroy();
    assert.deepEqual(await readdir(join(server.home, "spool")), []);
  } finally {
    await server.stop();
  }
});

const SIZE_MIB = 64;
const RESERVE_MIB = 16;
/** Mounts a small disk that nobody else sees, and that is gone with the process. */
const onSmallDisk = (home: string) => {
  const script = `mkdir -p "$0" && mount -t tmpfs -o size=${SIZE_MIB}m tmpfs "$0" && exec "$@"`;
  return ["unshare", "--mount", "sh", "-c", script, join(home, "spool")];
};
const canMount =
  spawnSync("unshare", ["--mount", "sh", "-c", `mount -t tmpfs -o size=1m tmpfs '${folder}'`]).status === 0;

test("on a disk that is really small: uploads and decoded audio end at its reserve, and what fits is served after them", {
  skip: !canMount && "mounting takes rights that this user has not",
}, async () => {
  const server = await startServer(["--spool-reserve", `${RESERVE_MIB}m`], {}, onSmallDisk);
  try {
    // Beneath the root that the server sees.
    const spool = join(`/proc/${server.child.pid}/root`, server.home, "spool");
    const isEmpty = async () => (await readdir(spool)).length === 0;
    const isServed = async () => assert.equal((await postFile(urlOf(server), clip.path)).status, 200);
    await isServed();

    const announced = upload(server, (SIZE_MIB - RESERVE_MIB + 1) * MIB);
    assert.deepEqual(codeOf(await announced.answer), [507, "storage_full"]);
    announced.sent.destroy();
    await isServed();

    // Without its length: it is found out as it is written.
    const { sent, answer } = upload(server);
    let mostMib = 0;
    for (let mib = 0; mib < SIZE_MIB + 8; mib++) {
      if (!sent.write(Buffer.alloc(MIB, "-"))) await Promise.race([once(sent, "drain"), sleep(2000)]);
      mostMib = Math.max(mostMib, await sizeMib(spool));
    }
    sent.end("\r\n--b--\r\n");
    assert.deepEqual(codeOf(await answer), [507, "storage_full"]);
    assert.ok(mostMib > 8 && mostMib < SIZE_MIB - RESERVE_MIB / 2, `${mostMib} MiB`);
    await until(isEmpty, "nothing stays");

    // An upload of some kilobytes that is decoded to more than the disk holds.
    const long = join(folder, "long.flac");
    const silence = ["-f", "lavfi", "-t", "3600", "-i", "anullsrc=r=16000:cl=mono"];
    execFileSync("ffmpeg", ["-v", "error", ...silence, "-c:a", "flac", long]);
    assert.ok(readFileSync(long).length < 4 * MIB);
    const decoded = await postFile(urlOf(server), long);
    assert.deepEqual([decoded.status, ((await decoded.json()) as ErrorBody).error.code], [507, "storage_full"]);
    await until(isEmpty, "nothing stays");
    await isServed();
  } finally {
    await server.stop();
  }
});

const codeOf = ({ status, code }: Answer) => [status, code];

async function sizeMib(spool: string): Promise<number> {
  const { statfs } = await import("node:fs/promises");
  const { blocks, bfree, bsize } = await statfs(spool);
  return ((blocks - bfree) * bsize) / MIB;
}
