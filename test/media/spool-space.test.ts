import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { test } from "node:test";
import { SottoError } from "../../src/core/errors.js";
import { SpoolSpace } from "../../src/media/spool-space.js";
import { saveUpload } from "../../src/media/upload.js";
import { temporaryFolder } from "./make-audio.js";

const isFull = (error: unknown) => error instanceof SottoError && error.code === "storage_full";

test("what uploads have claimed and not written yet is nobody else's, and what is written shows on the disk itself", async (context) => {
  const folder = await temporaryFolder(context);
  const freeBytes = await new SpoolSpace(folder, 0).freeBytes();
  assert.ok(freeBytes > 0 && Number.isFinite(freeBytes));
  // Halves of the disk: other programs may write a little meanwhile.
  const half = Math.floor(freeBytes / 2);
  const space = new SpoolSpace(folder, Math.floor(freeBytes / 4));
  const first = await space.claim(half);
  await assert.rejects(space.claim(half), isFull);
  first.wrote(half);
  const second = await space.claim(half);
  await assert.rejects(space.claim(half), isFull);
  first.wrote(half);
  first[Symbol.dispose]();
  second[Symbol.dispose]();
  second[Symbol.dispose]();
  (await space.claim(half))[Symbol.dispose]();
  await assert.rejects(space.claim(freeBytes), isFull, "the reserve is left");
});

test("whoever writes is told when only the reserve is left, and a disk that says nothing refuses nothing", async (context) => {
  const folder = await temporaryFolder(context);
  await new SpoolSpace(folder, 1).demand();
  await assert.rejects(new SpoolSpace(folder, 2 ** 60).demand(), isFull);
  await new SpoolSpace(join(folder, "not-there"), 2 ** 60).demand();
});

test("an upload ends when the disk comes down to its reserve, long before it is full, and nothing of it stays", async (context) => {
  const path = join(await temporaryFolder(context), "upload");
  const chunk = Buffer.alloc(256 * 1024);
  const source = Readable.from(
    (function* () {
      for (let sent = 0; sent < 40; sent++) yield chunk;
    })(),
  );
  const space = new SpoolSpace(path, 0);
  let demands = 0;
  context.mock.method(space, "demand", async () => {
    if (++demands === 3) throw new SottoError("storage_full", "");
  });
  let wrote = 0;
  const claim = {
    wrote: (bytes: number) => {
      wrote += bytes;
    },
    [Symbol.dispose]: () => {},
  };
  await assert.rejects(saveUpload(source, { path, maxBytes: 2 ** 30, space, claim }), isFull);
  assert.deepEqual([demands, wrote], [3, 3 * 1024 ** 2]);
  assert.ok(!existsSync(path));
});
