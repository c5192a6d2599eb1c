import assert from "node:assert/strict";
import { test } from "node:test";
import { isLoopback } from "../../src/core/loopback.js";

test("loopback addresses in every spelling are known", () => {
  const hosts = ["127.0.0.1", "127.8.9.10", "::1", "[::1]", "0:0:0:0:0:0:0:1", "::ffff:127.0.0.1", "::ffff:7f00:1"];
  for (const host of [...hosts, "localhost", "LOCALHOST", "localhost."]) assert.ok(isLoopback(host), host);
});

test("everything else counts as a network", () => {
  const hosts = ["0.0.0.0", "::", "[::]", "192.168.1.2", "128.0.0.1", "::ffff:10.0.0.1", "fe80::1", "::2", ""];
  const names = ["example.org", "localhost.example.org", "127.0.0.1.example.org", "2130706433", "127.1"];
  for (const host of [...hosts, ...names]) assert.ok(!isLoopback(host), host);
});
