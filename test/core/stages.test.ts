import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { test } from "node:test";
import { packageRoot } from "../../src/core/package-root.js";

/** The way of a request. A stage imports only what comes after it. */
const STAGES = [
  "main.ts",
  "cli",
  "http",
  "auth",
  "dialects",
  "remote",
  "transcriber.ts",
  "media",
  "plan",
  "schedule",
  "engine",
  "stitch",
  "render",
  "catalog",
  "observe",
  "core",
];

const root = join(packageRoot(), "src");
const stageOf = (path: string) => STAGES.indexOf(path.split("/")[0] as string);

test("a reader who follows a request never turns back: no stage imports one before it", () => {
  const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".ts"));
  assert.ok(files.length > 50);
  for (const file of files) {
    assert.ok(stageOf(file) >= 0, `${file} lies in no stage`);
    for (const [, target] of readFileSync(join(root, file), "utf8").matchAll(/(?:from|import\()\s*"(\.[^"]+)\.js"/g)) {
      const imported = posix.join(posix.dirname(file), target as string);
      const imports = posix.normalize(imported.includes("/") ? imported : `${imported}.ts`);
      assert.ok(stageOf(imports) >= stageOf(file), `${file} imports ${imports}`);
    }
  }
});

test("only the engine process, the probe's and the one that finds speech load the addon", () => {
  const users = readdirSync(root, { recursive: true, encoding: "utf8" }).filter(
    (path) => path.endsWith(".ts") && /import \{[^}]*\bloadAddon\b/.test(readFileSync(join(root, path), "utf8")),
  );
  assert.deepEqual(users.sort(), [
    "engine/host.ts",
    "engine/probe-child.ts",
    "engine/speech-child.ts",
    "engine/worker.ts",
  ]);
});
