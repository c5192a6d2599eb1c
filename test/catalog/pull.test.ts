import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { catalogEntry } from "../../src/catalog/catalog.js";
import { type PullProgress, pullModel } from "../../src/catalog/pull.js";
import { buildModel } from "./build-model.js";
import { answerStatus, cutAfter, stallAfter } from "./model-hub.js";
import { FILE, MODEL, refused, setUpPull } from "./pull-setup.js";
import { temporaryFolder } from "./temporary-folder.js";

test("a model is pulled into its place, and nothing else is left", async (context) => {
  const { hub, folder, pull, path } = await setUpPull(context);
  const seen: PullProgress[] = [];
  const result = await pull({ onProgress: (progress) => seen.push(progress) });
  assert.equal(result.alreadyInstalled, false);
  assert.equal(result.verification, "structure");
  assert.deepEqual(await readFile(path), MODEL);
  assert.deepEqual(await readdir(folder), [FILE]);
  assert.deepEqual(hub.requests, [{ path: `/${FILE}`, range: undefined, ifRange: undefined }]);
  assert.deepEqual(seen.at(-1), { phase: "transfer", bytes: MODEL.length, totalBytes: MODEL.length });
});

test("a model that is there already is not fetched again", async (context) => {
  const { hub, pull } = await setUpPull(context);
  await pull();
  assert.equal((await pull()).alreadyInstalled, true);
  assert.equal(hub.requests.length, 1);
});

test("a transfer that breaks in the middle goes on from there", async (context) => {
  const { hub, pull, path } = await setUpPull(context);
  hub.special.push(cutAfter(hub, 100_000), cutAfter(hub, 50_000));
  await pull();
  assert.deepEqual(await readFile(path), MODEL);
  const [first, second, third] = hub.requests;
  assert.equal(first?.range, undefined);
  const starts = [second, third].map((request) => Number(/^bytes=(\d+)-$/.exec(request?.range ?? "")?.[1]));
  assert.ok((starts[0] as number) > 0 && (starts[1] as number) > (starts[0] as number), String(starts));
  assert.equal(second?.ifRange, '"one"');
});

test("a pull that was interrupted keeps its part, and the next one goes on from there", async (context) => {
  const { hub, folder, pull, path } = await setUpPull(context);
  hub.special.push(stallAfter(hub, 100_000));
  const interruption = new AbortController();
  const onProgress = ({ bytes }: PullProgress) => bytes > 0 && setTimeout(() => interruption.abort(), 20);
  await refused(pull({ signal: interruption.signal, onProgress }), /^Interrupted\./);
  assert.deepEqual((await readdir(folder)).sort(), [`${FILE}.part`, `${FILE}.part.json`]);
  await pull();
  assert.match(String(hub.requests.at(-1)?.range), /^bytes=[1-9]/);
  assert.deepEqual(await readFile(path), MODEL);
});

test("a source that knows no ranges is read from the start", async (context) => {
  const { hub, pull, path } = await setUpPull(context);
  hub.ranges = false;
  hub.special.push(cutAfter(hub, 100_000));
  await pull();
  assert.deepEqual(await readFile(path), MODEL);
});

test("a part of another version of the file is thrown away", async (context) => {
  const { hub, pull, path } = await setUpPull(context);
  hub.special.push(cutAfter(hub, 100_000), answerStatus(404));
  await refused(pull(), /no such file/);
  hub.etag = '"two"';
  const other = buildModel({ audioContext: 5 }).bytes;
  hub.files.set(`/${FILE}`, other);
  await pull();
  assert.deepEqual(await readFile(path), other);
});

test("a part of unknown origin is not trusted where no checksum would find it out", async (context) => {
  const { hub, folder, pull, path } = await setUpPull(context);
  await mkdir(folder);
  await writeFile(`${path}.part`, Buffer.alloc(5000, 1));
  await pull();
  assert.equal(hub.requests[0]?.range, undefined);
  assert.deepEqual(await readFile(path), MODEL);
});

test("a part that is complete is not fetched again", async (context) => {
  const { folder, hub, pull, path } = await setUpPull(context);
  await mkdir(folder);
  await writeFile(`${path}.part`, MODEL);
  await writeFile(`${path}.part.json`, JSON.stringify({ url: `${hub.url}/${FILE}`, etag: '"one"' }));
  await pull();
  assert.equal(hub.requests[0]?.range, `bytes=${MODEL.length}-`);
  assert.deepEqual(await readFile(path), MODEL);
  assert.deepEqual(await readdir(folder), [FILE]);
});

test("a part that is too long is thrown away", async (context) => {
  const { folder, hub, pull, path } = await setUpPull(context);
  await mkdir(folder);
  await writeFile(`${path}.part`, Buffer.concat([MODEL, MODEL]));
  await writeFile(`${path}.part.json`, JSON.stringify({ url: `${hub.url}/${FILE}`, etag: '"one"' }));
  await pull();
  assert.deepEqual(await readFile(path), MODEL);
});

test("redirects are followed", async (context) => {
  const { hub, pull, path } = await setUpPull(context);
  hub.files.set("/elsewhere", MODEL);
  hub.special.push(answerStatus(302, { location: "/elsewhere" }));
  await pull();
  assert.deepEqual(await readFile(path), MODEL);
});

test("a missing file is told at once, a busy source is asked again", async (context) => {
  const { hub, pull } = await setUpPull(context);
  await refused(pull({ id: "other" }), /has no such file \(status 404\): http.*ggml-other\.bin/);
  assert.equal(hub.requests.length, 1);
  hub.special.push(answerStatus(503), answerStatus(429));
  await pull();
  assert.equal(hub.requests.length, 4);
});

test("after three retries that bring nothing a pull gives up", async (context) => {
  const { hub, pull } = await setUpPull(context);
  for (let count = 0; count < 9; count++) hub.special.push(answerStatus(500));
  await refused(pull(), /status 500\. Given up after 3 retries\./);
  assert.equal(hub.requests.length, 4);
});

test("a source that always breaks at the same place is given up", async (context) => {
  const { hub, pull } = await setUpPull(context);
  hub.ranges = false;
  for (let count = 0; count < 9; count++) hub.special.push(cutAfter(hub, 100_000));
  await refused(pull(), /Given up after 3 retries/);
  assert.ok(hub.requests.length <= 5, String(hub.requests.length));
});

test("a transfer that stands still is ended and tried again", async (context) => {
  const { hub, pull, path } = await setUpPull(context);
  hub.special.push(stallAfter(hub, 100_000));
  await pull({ idleTimeoutMs: 300 });
  assert.equal(hub.requests.length, 2);
  assert.deepEqual(await readFile(path), MODEL);
});

test("a source that nobody serves is named with the reason", async (context) => {
  const { pull } = await setUpPull(context);
  await refused(pull({ source: "http://127.0.0.1:1" }), /The transfer from 127\.0\.0\.1:1 failed \(.*\)\. Given up/);
});

test("a wrong file is refused by the walk and deleted", async (context) => {
  const { hub, folder, pull } = await setUpPull(context);
  hub.files.set(`/${FILE}`, Buffer.from("<!doctype html><title>Sign in to the network</title>"));
  await refused(pull(), /Not a usable model file \(magic: expected 0x67676d6c .* was deleted\.$/);
  assert.deepEqual(await readdir(folder), []);
});

test("a catalogued model whose source has another size is refused before anything is fetched", async (context) => {
  const { hub, folder, pull } = await setUpPull(context);
  hub.files.set("/ggml-tiny.bin", MODEL);
  await refused(pull({ id: "tiny" }), /expected 77691713 bytes, but it has \d+/);
  assert.deepEqual(await readdir(folder), []);
});

test("a catalogued model with other bytes than the published ones is refused by its checksum and deleted", async (context) => {
  const { folder, pull } = await setUpPull(context);
  const mirror = await temporaryFolder(context);
  await writeFile(join(mirror, "ggml-tiny.bin"), MODEL);
  const sha256 = String(catalogEntry("tiny")?.sha256);
  await refused(
    pull({ id: "tiny", source: mirror }),
    new RegExp(`expected SHA-256 ${sha256}, but found [0-9a-f]{64}\\. .* was deleted`),
  );
  assert.deepEqual(await readdir(folder), []);
});

test("a folder is a source", async (context) => {
  const { folder, pull, path } = await setUpPull(context);
  const mirror = await temporaryFolder(context);
  await refused(pull({ source: mirror }), /The source has no such file/);
  await writeFile(join(mirror, FILE), MODEL);
  await pull({ source: mirror });
  assert.deepEqual(await readFile(path), MODEL);
  assert.deepEqual(await readdir(folder), [FILE]);
});

test("ids that are none, that nobody knows, or that come with Sotto are told apart", async (context) => {
  const { folder, hub } = await setUpPull(context);
  for (const id of ["../mine", "a/b", "", ".hidden", "a..b", "x y", "%2e%2e"]) {
    await refused(pullModel({ id, folder, source: hub.url }), /Expected a model id/);
  }
  await refused(pullModel({ id: "bsae", folder }), /no model 'bsae'; did you mean base\?/);
  await refused(pullModel({ id: "sotto-mini", folder, source: hub.url }), /comes with Sotto/);
  assert.deepEqual(hub.requests, []);
});
