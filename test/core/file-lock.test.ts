import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdir, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { FileLockedError, lockFile } from "../../src/core/file-lock.js";
import { temporaryFolder } from "../catalog/temporary-folder.js";

const CONTENDERS = 25;
const ROUNDS = 8;

/** Many want the lock at once, again and again; says how many ever held it together. */
async function contend(path: string): Promise<number> {
  let [holders, most] = [0, 0];
  const contender = async () => {
    for (let round = 0; round < ROUNDS; ) {
      try {
        const unlock = await lockFile(path);
        most = Math.max(most, ++holders);
        await sleep(Math.random());
        holders--;
        await unlock();
        round++;
      } catch (error) {
        if (!(error instanceof FileLockedError)) throw error;
        await sleep(Math.random() * 3);
      }
    }
  };
  await Promise.all(Array.from({ length: CONTENDERS }, contender));
  return most;
}

test("a lock that is given back at the moment when others look at it is never held twice", async (context) => {
  const folder = await temporaryFolder(context);
  assert.equal(await contend(join(folder, "file")), 1);
  assert.deepEqual(await readdir(folder), []);
});

test("many who find a dead holder's lock do not take each other's", async (context) => {
  const dead = spawnSync(process.execPath, ["-e", ""]).pid;
  for (let round = 0; round < 10; round++) {
    const folder = await temporaryFolder(context);
    const path = join(folder, "file");
    await writeFile(`${path}.lock`, JSON.stringify({ pid: dead, host: hostname(), nonce: "x" }));
    let [holders, most] = [0, 0];
    await Promise.all(
      Array.from({ length: CONTENDERS }, async () => {
        const unlock = await lockFile(path).catch(() => undefined);
        if (!unlock) return;
        most = Math.max(most, ++holders);
        await sleep(5);
        holders--;
        await unlock();
      }),
    );
    assert.equal(most, 1);
    assert.deepEqual(await readdir(folder), []);
  }
});
