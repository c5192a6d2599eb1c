import assert from "node:assert/strict";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readProviderKey } from "../../src/remote/provider-key.js";

const file = join(mkdtempSync(join(tmpdir(), "sotto-key-")), "key");
const read = (apiKeyEnv?: string, apiKeyFile?: string, environment = {}) =>
  readProviderKey({ apiKeyEnv, apiKeyFile }, environment);

test("a key comes from the environment or a file, without the line break at its end; none is named, none is sent", () => {
  writeFileSync(file, "sk-file\n");
  assert.equal(read("KEY", undefined, { KEY: "sk-env" }), "sk-env");
  assert.equal(read(undefined, file), "sk-file");
  assert.equal(read(), undefined);
});

test("a key that is not there, or is none, is an error that does not show it", () => {
  assert.throws(() => read("KEY"), /not set/);
  assert.throws(() => read("KEY", undefined, { KEY: "" }), /not set/);
  assert.throws(() => read(undefined, "/does/not/exist"), /empty or cannot be read/);
  for (const text of ["sk one", "sk\r\nx-evil: 1", "schlüssel"]) {
    writeFileSync(file, text);
    for (const given of [() => read(undefined, file), () => read("KEY", undefined, { KEY: text })]) {
      assert.throws(given, (error: Error) => /holds no key/.test(error.message) && !error.message.includes("sk"));
    }
  }
});
