import assert from "node:assert/strict";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { type TestContext, test } from "node:test";
import { catalog } from "../../src/catalog/catalog.js";
import { runModels } from "../../src/cli/models.js";
import { UsageError } from "../../src/core/config.js";
import { buildModel } from "../catalog/build-model.js";
import { answerStatus, cutAfter, startHub } from "../catalog/model-hub.js";
import { temporaryFolder } from "../catalog/temporary-folder.js";

const MODEL = buildModel().bytes;

async function setUp(context: TestContext) {
  const home = await temporaryFolder(context);
  const folder = join(home, "models");
  const run = async (...args: string[]) => {
    const [output, notes] = [new PassThrough(), new PassThrough()];
    const code = await runModels(args, { environment: { SOTTO_HOME: home }, output, notes });
    const [out, err] = [output, notes].map((stream) => String(stream.read() ?? ""));
    return { code, out: out as string, err: err as string };
  };
  return { home, folder, run };
}

test("list shows what is installed, damaged and available, and which is the default", async (context) => {
  const { folder, run } = await setUp(context);
  await mkdir(folder);
  await writeFile(join(folder, "ggml-tiny.en.bin"), MODEL);
  await writeFile(join(folder, "ggml-small.bin"), "cut");
  const { code, out } = await run("list");
  assert.equal(code, 0);
  const lines = out.split("\n");
  const line = (id: string) => lines.find((text) => new RegExp(`^[* ] +${id} `).test(text)) ?? "";
  assert.match(lines[0] as string, /ID +STATE +BYTES +QUANTIZATION +LANGUAGES/);
  assert.match(line("tiny.en"), /^\* +tiny\.en +installed +[\d,]+ +f16 +English$/);
  assert.match(line("small"), /damaged +3 +Not a usable model file/);
  assert.match(line("base-q8_0"), /available +81,768,585 +q8_0 +multilingual$/);
  for (const { id, bundled } of catalog()) assert.ok(bundled || line(id) !== "", id);
  assert.match(out, /\* is the default model/);
});

test("pull says every tenth of the way in a pipe, and what it verified", async (context) => {
  const { folder, run } = await setUp(context);
  const hub = await startHub(context);
  hub.files.set("/ggml-mine.bin", MODEL);
  hub.special.push(cutAfter(hub, 100_000));
  const { code, out, err } = await run("pull", "mine", "--source", hub.url);
  assert.equal(code, 0, err);
  assert.equal(
    out,
    `mine installed, ${MODEL.length} bytes; structure right, but no checksum is published to verify it.\n`,
  );
  const lines = err.trim().split("\n");
  assert.equal(lines[0], "pulling mine: 0 %");
  assert.equal(lines.at(-1), "pulling mine: 100 %");
  assert.ok(lines.length <= 11 && lines.every((text) => /^pulling mine: \d+0? %$/.test(text)), err);
  assert.deepEqual(await readFile(join(folder, "ggml-mine.bin")), MODEL);
  assert.equal((await run("pull", "mine", "--source", hub.url)).out, "mine was installed already.\n");
});

test("a pull that fails exits with 1 and one line", async (context) => {
  const { run } = await setUp(context);
  const hub = await startHub(context);
  hub.special.push(answerStatus(404), answerStatus(403));
  const unknown = await run("pull", "mine", "--source", `${hub.url}/`);
  assert.deepEqual([unknown.code, unknown.out], [1, ""]);
  assert.match(unknown.err, /^sotto: The source has no such file \(status 404\): http:.*\/ggml-mine\.bin\n$/);
  assert.match((await run("pull", "base", "--source", hub.url)).err, /^sotto: .*\(status 403\).*\n$/);
  assert.match((await run("pull", "bsae")).err, /^sotto: The catalog has no model 'bsae'; did you mean base\?.*\n$/);
});

test("import copies a model once, and refuses another one of the same id", async (context) => {
  const { folder, run, home } = await setUp(context);
  const file = join(home, "ggml-mine.bin");
  await writeFile(file, MODEL);
  assert.deepEqual(await run("import", file), { code: 0, out: "mine installed.\n", err: "" });
  assert.deepEqual(await readFile(join(folder, "ggml-mine.bin")), MODEL);
  assert.deepEqual(await readdir(folder), ["ggml-mine.bin", "ggml-mine.bin.json"]);
  assert.equal((await run("import", file)).out, "mine was installed already.\n");
  await writeFile(file, buildModel({ audioContext: 5 }).bytes);
  const { code, err } = await run("import", file);
  assert.equal(code, 1);
  assert.match(err, /^sotto: Another model with the id mine is installed\. .*models rm mine\n$/);
  assert.deepEqual(await readFile(join(folder, "ggml-mine.bin")), MODEL);
});

test("import refuses what is no model and leaves nothing", async (context) => {
  const { folder, run, home } = await setUp(context);
  const file = join(home, "ggml-cut.bin");
  await writeFile(file, MODEL.subarray(0, -1));
  const { code, err } = await run("import", file);
  assert.equal(code, 1);
  assert.match(err, /^sotto: Not a usable model file .*cut short.*\n$/);
  assert.equal((await run("import", join(home, "none.bin"))).code, 1);
  assert.match((await run("import", join(home, "my model.bin"))).err, /Rename it\.\n$/);
  assert.deepEqual(await readdir(folder).catch(() => []), []);
});

test("import says when a file is not the one that is published under its id, and verify finds it wrong", async (context) => {
  const { run, home } = await setUp(context);
  const file = join(home, "ggml-tiny.bin");
  await writeFile(file, MODEL);
  const { code, err } = await run("import", file);
  assert.deepEqual([code, err], [0, "Note: this is not the file that is published as tiny.\n"]);
  const verdict = await run("verify", "tiny");
  assert.equal(verdict.code, 1);
  assert.match(verdict.err, /^tiny: The file is not the published one: expected SHA-256 be07e048/);
  assert.match((await run("pull", "tiny")).err, /^sotto: Another model with the id tiny is installed/);
});

test("verify walks each file, and says what has no checksum", async (context) => {
  const { folder, run } = await setUp(context);
  await mkdir(folder);
  await writeFile(join(folder, "ggml-mine.bin"), MODEL);
  assert.deepEqual(await run("verify", "mine"), {
    code: 0,
    out: "mine: structure right, no published checksum\n",
    err: "",
  });
  await writeFile(join(folder, "ggml-bad.bin"), MODEL.subarray(0, 1000));
  const { code, out, err } = await run("verify");
  assert.equal(code, 1);
  assert.match(out, /^mine: structure right/m);
  assert.match(err, /^bad: Not a usable model file/m);
  assert.match((await run("verify", "none")).err, /^sotto: The model 'none' is not installed\. Installed: /);
});

test("rm removes a model, a damaged one and an interrupted pull, but not what comes with Sotto", async (context) => {
  const { folder, run } = await setUp(context);
  await mkdir(folder);
  await writeFile(join(folder, "ggml-mine.bin"), MODEL);
  await writeFile(join(folder, "ggml-bad.bin"), "x");
  await writeFile(join(folder, "ggml-begun.bin.part"), "x");
  for (const id of ["mine", "bad", "begun"]) {
    assert.deepEqual(await run("rm", id), { code: 0, out: `${id} removed.\n`, err: "" });
  }
  assert.deepEqual(await readdir(folder), []);
  const { code, err } = await run("rm", "mine");
  assert.equal(code, 1);
  assert.match(err, /^sotto: The model 'mine' is not installed/);
  assert.equal((await run("rm", "../../etc/passwd")).code, 1);
});

test("mistakes in the command line are usage errors", async (context) => {
  const { run } = await setUp(context);
  const usage = (args: string[], message: RegExp) =>
    assert.rejects(run(...args), (error: unknown) => error instanceof UsageError && message.test(error.message));
  await usage([], /needs one of list, pull, import, verify, rm/);
  await usage(["lsit"], /did you mean list\?/);
  await usage(["pull"], /^models pull needs ID\.$/);
  await usage(["import"], /^models import needs FILE\.$/);
  await usage(["list", "x"], /takes no argument/);
  await usage(["rm", "a", "b"], /takes ID, but received 'b' as well/);
  await usage(["pull", "base", "--sauce", "x"], /did you mean --source\?/);
  await usage(["pull", "base", "--source", "ftp://x"], /http\(s\) URL or a folder/);
});
