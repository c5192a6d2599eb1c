import assert from "node:assert/strict";
import { timingSafeEqual } from "node:crypto";
import { test } from "node:test";
import { parseBearer } from "../../src/auth/bearer.js";
import { createKey, matchKey } from "../../src/auth/key.js";

const made = ["a", "b", "c", "d"].map((name) => createKey(name, ["transcribe"]));
const records = made.map(({ record }) => record);

test("a key has 256 random bits behind its prefix, and its record holds none of them", () => {
  for (const { key, record } of made) {
    assert.match(key, /^sk-sotto-[0-9a-f]{6}-[\w-]{43}$/);
    assert.ok(key.startsWith(`${record.prefix}-`));
    assert.ok(!JSON.stringify(record).includes(key.slice(record.prefix.length + 1, -30)));
  }
  assert.equal(new Set(made.map(({ key }) => key)).size, made.length);
});

test("each key is found by itself alone", () => {
  for (const [index, { key, record }] of made.entries()) {
    assert.equal(matchKey(records, key), record);
    assert.equal(matchKey(records.toSpliced(index, 1), key), undefined);
    assert.equal(matchKey(records, key.slice(0, -1)), undefined);
    assert.equal(matchKey(records, record.sha256), undefined);
    assert.equal(matchKey(records, record.prefix), undefined);
  }
});

test("a right, a revoked, a malformed and a missing key cost the same comparisons", () => {
  const revoked = createKey("gone", []).key;
  for (const presented of [made[0]?.key, made[3]?.key, revoked, "", "x", "a.b.c", "x".repeat(8000), undefined]) {
    let count = 0;
    matchKey(records, presented, (a, b) => {
      count++;
      assert.deepEqual([a.length, b.length], [32, 32]);
      return timingSafeEqual(a, b);
    });
    assert.equal(count, records.length, presented?.slice(0, 20));
  }
});

test("no key is not the empty key", () => {
  const sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
  const record = { name: "empty", prefix: "", sha256, rights: [], created: "" };
  assert.equal(matchKey([record], undefined), undefined);
});

test("the scheme is read in any case, and a header of another shape is not repeated", () => {
  for (const header of ["Bearer abc", "bearer abc", "BEARER   abc ", " Bearer abc"]) {
    assert.deepEqual(parseBearer(header), { token: "abc" });
  }
  for (const header of ["abc", "Basic abc", "Bearer", "Bearer ", "Bearer a b", "Bearerabc"]) {
    const bearer = parseBearer(header);
    assert.equal(bearer.token, undefined, header);
    assert.doesNotMatch(JSON.stringify(bearer), /abc/);
  }
  assert.deepEqual(parseBearer(undefined), parseBearer(""));
});
