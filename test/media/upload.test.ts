import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { test } from "node:test";
import { SottoError } from "../../src/core/errors.js";
import { saveUpload } from "../../src/media/upload.js";
import { temporaryFolder } from "./make-audio.js";

const KIB = Buffer.alloc(1024, "x");

function withCode(code: string): (error: unknown) => boolean {
  return (error) => error instanceof SottoError && error.code === code;
}

test("an upload is written as it came, and its content is hashed", async (context) => {
  const path = join(await temporaryFolder(context), "upload");
  const parts = ["a", "bc", "", "def"].map((text) => Buffer.from(text));
  const sha256 = createHash("sha256").update("abcdef").digest("hex");
  assert.deepEqual(await saveUpload(Readable.from(parts), { path, maxBytes: 6 }), { bytes: 6, sha256 });
  assert.equal(readFileSync(path, "utf8"), "abcdef");
});

test("an upload of no bytes is an empty file, and none stays", async (context) => {
  const path = join(await temporaryFolder(context), "upload");
  await assert.rejects(saveUpload(Readable.from([]), { path, maxBytes: 10 }), withCode("empty_file"));
  assert.ok(!existsSync(path));
});

test("an upload over the limit is read to its end, refused with both numbers, and not kept", async (context) => {
  const path = join(await temporaryFolder(context), "upload");
  let sent = 0;
  const source = Readable.from(
    (function* () {
      for (; sent < 100; sent++) {
        if (sent > 12) assert.ok(!existsSync(path), "the file goes as soon as it is refused");
        yield KIB;
      }
    })(),
    { highWaterMark: 1 },
  );
  await assert.rejects(saveUpload(source, { path, maxBytes: 10 * 1024 }), (error: unknown) => {
    assert.ok(error instanceof SottoError);
    assert.equal(error.code, "file_too_large");
    assert.match(error.message, /at most 10240 bytes.*holds 102400 bytes/);
    return true;
  });
  assert.equal(sent, 100);
  assert.ok(!existsSync(path));
});

test("an upload of exactly the limit is accepted, one byte more is not", async (context) => {
  const folder = await temporaryFolder(context);
  assert.equal((await saveUpload(Readable.from([KIB]), { path: join(folder, "a"), maxBytes: 1024 })).bytes, 1024);
  await assert.rejects(
    saveUpload(Readable.from([KIB]), { path: join(folder, "b"), maxBytes: 1023 }),
    withCode("file_too_large"),
  );
});

test("a refused upload without end is read no further than the bounds of draining", async (context) => {
  const path = join(await temporaryFolder(context), "upload");
  let sent = 0;
  const endless = new Readable({
    read() {
      sent += KIB.length;
      this.push(KIB);
    },
  });
  const drain = { maxMs: 10_000, maxBytes: 100 * 1024 };
  await assert.rejects(saveUpload(endless, { path, maxBytes: 1024, drain }), withCode("file_too_large"));
  assert.ok(sent < 300 * 1024, `${sent} bytes`);
  assert.ok(endless.destroyed);
});

test("a refused upload that stalls is waited for no longer than the bounds of draining", async (context) => {
  const path = join(await temporaryFolder(context), "upload");
  const stalling = new Readable({ read: () => undefined });
  stalling.push(KIB);
  const drain = { maxMs: 50, maxBytes: 1024 };
  await assert.rejects(saveUpload(stalling, { path, maxBytes: 10, drain }), withCode("file_too_large"));
});

test("a client that leaves is told apart from other failures, and nothing of its upload stays", async (context) => {
  const folder = await temporaryFolder(context);
  const reset = Object.assign(new Error("aborted"), { code: "ECONNRESET" });
  const broken = new Error("Part terminated early due to unexpected end of multipart data");
  const cases: [Error | undefined, (error: unknown) => boolean][] = [
    [reset, withCode("client_closed")],
    [undefined, withCode("client_closed")],
    [broken, (error) => error === broken],
  ];
  for (const [cause, expected] of cases) {
    const path = join(folder, "upload");
    const source = new Readable({ read: () => undefined });
    source.push(KIB);
    setTimeout(() => source.destroy(cause), 20);
    await assert.rejects(saveUpload(source, { path, maxBytes: 10_000 }), expected);
    assert.ok(!existsSync(path));
  }
});

test("a source that failed before anyone listened does not end the process", async (context) => {
  const path = join(await temporaryFolder(context), "upload");
  const source = new Readable({ read: () => undefined });
  source.destroy(Object.assign(new Error("aborted"), { code: "ECONNRESET" }));
  await assert.rejects(saveUpload(source, { path, maxBytes: 10 }), withCode("client_closed"));
});

test("a full disk is said to be one, and the rest of the upload is still read", async (context) => {
  const folder = await temporaryFolder(context);
  const { FileHandle } = await fileHandleClass(join(folder, "probe"));
  const write = context.mock.method(FileHandle, "write", async () => {
    throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
  });
  let sent = 0;
  const source = Readable.from(
    (function* () {
      for (; sent < 50; sent++) yield KIB;
    })(),
  );
  await assert.rejects(
    saveUpload(source, { path: join(folder, "upload"), maxBytes: 10_000_000 }),
    withCode("storage_full"),
  );
  assert.equal(write.mock.callCount(), 1);
  assert.equal(sent, 50);
  assert.ok(!existsSync(join(folder, "upload")));
});

/** Node does not export the class of its file handles; its methods are found on an open one. */
async function fileHandleClass(path: string) {
  const { open } = await import("node:fs/promises");
  await using handle = await open(path, "w");
  return { FileHandle: Object.getPrototypeOf(handle) as { write(): Promise<unknown> } };
}
