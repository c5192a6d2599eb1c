import assert from "node:assert/strict";
import { test } from "node:test";
import { workIdentity } from "../../src/http/work-identity.js";

const base = {
  caller: "anna",
  route: "unified transcribe",
  fields: new Map([
    ["model", ["base"]],
    ["include", ["logprobs", "diagnostics"]],
  ]),
  recording: "sha256:1",
  idempotencyKey: "key",
};

test("the order of fields makes no other request; caller, route, values, their order and the recording do", () => {
  const { content, key } = workIdentity(base);
  assert.deepEqual(workIdentity({ ...base, fields: new Map([...base.fields].reverse()) }), { content, key });
  for (const change of [
    { caller: "bert" },
    { route: "unified translate" },
    { recording: "sha256:2" },
    { fields: new Map([["model", ["base"]]]) },
    { fields: new Map([...base.fields, ["include", ["diagnostics", "logprobs"]]]) },
    { fields: new Map([...base.fields, ["user", [""]]]) },
  ]) {
    assert.notEqual(workIdentity({ ...base, ...change }).content, content, JSON.stringify(change));
  }
});

test("a key is its caller's own, whatever it was sent with", () => {
  const { key } = workIdentity(base);
  assert.equal(workIdentity({ ...base, recording: "sha256:2" }).key, key);
  assert.notEqual(workIdentity({ ...base, caller: "bert" }).key, key);
  assert.equal(workIdentity({ ...base, idempotencyKey: undefined }).key, undefined);
  for (const wrong of ["k".repeat(256), "a\u00e9"]) {
    assert.throws(() => workIdentity({ ...base, idempotencyKey: wrong }), /1 to 255 printable/);
  }
});
