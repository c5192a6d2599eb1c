import assert from "node:assert/strict";
import { test } from "node:test";
import { setupModule } from "./checkout.js";

const { chooseTestFiles } = await setupModule<{ chooseTestFiles(found: string[], words: string[]): string[] }>(
  "test-files",
);

const FOUND = ["core/b.test.js", "catalog/a.test.js", "catalog/a.test.js.map", "support/post.js"];

test("all test files run in a fixed order, helpers and maps do not", () => {
  assert.deepEqual(chooseTestFiles(FOUND, []), ["catalog/a.test.js", "core/b.test.js"]);
});

test("words choose files by any part of their path", () => {
  assert.deepEqual(chooseTestFiles(FOUND, ["catalog"]), ["catalog/a.test.js"]);
  assert.deepEqual(chooseTestFiles(FOUND, ["b.test", "cata"]), ["catalog/a.test.js", "core/b.test.js"]);
});

test("words that fit no file are an error, not a success with nothing run", () => {
  assert.throws(() => chooseTestFiles(FOUND, ["katalog"]), /path holds katalog, found none among 2/);
});
