import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { mkdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { SottoError } from "../../src/core/errors.js";
import { SpoolFolder } from "../../src/media/spool.js";
import { storageFullOr } from "../../src/media/storage-full.js";
import { temporaryFolder } from "./make-audio.js";

test("each request has a folder of its own that nobody else may read", async (context) => {
  const home = await temporaryFolder(context);
  await using spool = await SpoolFolder.create(home);
  const [one, two] = [await spool.open(), await spool.open()];
  assert.notEqual(one.path, two.path);
  for (const path of [join(home, "spool"), one.path, two.path]) assert.equal(statSync(path).mode & 0o777, 0o700);
});

test("a folder is removed with all in it when its scope ends, also by an error", async (context) => {
  const home = await temporaryFolder(context);
  await using spool = await SpoolFolder.create(home);
  const failing = async () => {
    await using work = await spool.open();
    await writeFile(join(work.path, "upload"), "audio");
    throw new Error("midway");
  };
  await assert.rejects(failing(), /midway/);
  assert.deepEqual(readdirSync(join(home, "spool")), []);
});

test("removing a folder twice, or one that is gone, is no error", async (context) => {
  await using spool = await SpoolFolder.create(await temporaryFolder(context));
  const work = await spool.open();
  rmSync(work.path, { recursive: true });
  await work.remove();
  await work.remove();
});

test("closing the spool removes what is still open", async (context) => {
  const home = await temporaryFolder(context);
  const spool = await SpoolFolder.create(home);
  await writeFile(join((await spool.open()).path, "upload"), "audio");
  await spool.close();
  assert.deepEqual(readdirSync(join(home, "spool")), []);
});

test("a spool that was removed while the server ran is made again", async (context) => {
  const home = await temporaryFolder(context);
  await using spool = await SpoolFolder.create(home);
  rmSync(join(home, "spool"), { recursive: true });
  assert.ok(existsSync((await spool.open()).path));
});

/** Another server with the same home: opens a folder, says so and stays. */
async function otherServer(context: TestContext, home: string): Promise<{ child: ChildProcess; folder: string }> {
  const module = new URL("../../src/media/spool.js", import.meta.url).href;
  const script = `
    const { SpoolFolder } = await import(${JSON.stringify(module)});
    const work = await (await SpoolFolder.create(${JSON.stringify(home)})).open();
    console.log(work.path);
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  context.after(() => child.kill("SIGKILL"));
  const folder = await new Promise<string>((resolve) =>
    child.stdout.once("data", (data) => resolve(String(data).trim())),
  );
  return { child, folder };
}

test("a second server with the same home leaves the files of the first alone, until that one has died", async (context) => {
  const home = await temporaryFolder(context);
  const { child, folder } = await otherServer(context, home);
  await (await SpoolFolder.create(home)).close();
  assert.ok(existsSync(folder), "its owner lives");

  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await ended;
  await (await SpoolFolder.create(home)).close();
  assert.ok(!existsSync(folder), "its owner is dead");
});

test("two spools of one process with the same home leave each other's files alone", async (context) => {
  const home = await temporaryFolder(context);
  await using one = await SpoolFolder.create(home);
  const work = await one.open();
  await using _two = await SpoolFolder.create(home);
  assert.ok(existsSync(work.path));
});

test("an owner whose process id now belongs to another process is dead", {
  skip: process.platform !== "linux",
}, async (context) => {
  const home = await temporaryFolder(context);
  const own = await nameOfOwnFolder(home);
  const earlier = own.replace(/^([0-9a-f]+-\d+)-\d+/, "$1-12345");
  mkdirSync(join(home, "spool", earlier));
  await (await SpoolFolder.create(home)).close();
  assert.deepEqual(readdirSync(join(home, "spool")), []);
});

test("a folder from another container stays while it is touched, and goes once it is not", async (context) => {
  const home = await temporaryFolder(context);
  const own = await nameOfOwnFolder(home);
  const [fresh, old] = [own, own.replace(/.$/, (last) => (last === "0" ? "1" : "0"))].map((name) =>
    join(home, "spool", name.replace(/^.{12}/, "0123456789ab")),
  );
  assert.ok(fresh && old);
  mkdirSync(fresh);
  mkdirSync(old);
  const longAgo = new Date(Date.now() - 3_600_000);
  await utimes(old, longAgo, longAgo);
  await (await SpoolFolder.create(home)).close();
  assert.deepEqual([existsSync(fresh), existsSync(old)], [true, false]);
});

test("what is not the spool's own is left alone", async (context) => {
  const home = await temporaryFolder(context);
  await mkdir(join(home, "spool", "notes"), { recursive: true });
  await (await SpoolFolder.create(home)).close();
  assert.ok(existsSync(join(home, "spool", "notes")));
});

async function nameOfOwnFolder(home: string): Promise<string> {
  await using spool = await SpoolFolder.create(home);
  await using _work = await spool.open();
  return readdirSync(join(home, "spool"))[0] ?? "";
}

test("a full disk and an exhausted quota are storage_full; other errors stay what they are", () => {
  for (const code of ["ENOSPC", "EDQUOT"]) {
    const error = storageFullOr(Object.assign(new Error("full"), { code }));
    assert.ok(error instanceof SottoError && error.status === 507);
  }
  const other = new Error("other");
  assert.equal(storageFullOr(other), other);
});
