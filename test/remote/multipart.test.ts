import assert from "node:assert/strict";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { formBody } from "../../src/remote/multipart.js";
import { Chance } from "../support/chance.js";

async function readBack(fields: [string, string][], bytes: Buffer, name = "audio.wav") {
  const path = join(mkdtempSync(join(tmpdir(), "sotto-form-")), "upload");
  writeFileSync(path, bytes);
  const body = formBody(fields, { path, bytes: bytes.length, name });
  const chunks: Uint8Array[] = [];
  for await (const chunk of body.chunks()) chunks.push(chunk);
  const written = Buffer.concat(chunks);
  assert.equal(written.length, body.contentLength, "the length is what it was said to be");
  // Node's own reader knows nothing of our writer.
  return new Response(written, { headers: { "content-type": body.contentType } }).formData();
}

test("a form that is written is the form that is read, whatever stands in its fields", async () => {
  const chance = new Chance(7);
  const alphabet = [..."ab\"';=\\ -\t.é👋\n", "--", "\r\n", "\r\n--", "Content-Disposition: form-data"];
  for (let round = 0; round < 50; round++) {
    const text = () => Array.from({ length: chance.below(12) }, () => chance.of(alphabet)).join("");
    const fields = Array.from({ length: chance.below(5) }, (_, index): [string, string] => [`f${index}`, text()]);
    const bytes = Buffer.from(Array.from({ length: chance.below(300) }, () => chance.below(256)));
    const form = await readBack(fields, bytes);
    assert.deepEqual(
      [...form.entries()].filter(([name]) => name !== "file"),
      fields,
    );
    assert.deepEqual(Buffer.from(await (form.get("file") as File).arrayBuffer()), bytes);
  }
});

test("names with quotes and line breaks stay inside their part", async () => {
  const form = await readBack([['a"\r\nx: y', "1"]], Buffer.from("x"), 'a"b\r\n.wav');
  const [field] = [...form.entries()];
  assert.deepEqual(field, ['a"\r\nx: y', "1"]);
  assert.equal((form.get("file") as File).name, 'a"b\r\n.wav');
});
