import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { packageRoot } from "../../src/core/package-root.js";
import type { Rendered } from "../../src/render/rendered.js";

const FOLDER = join(packageRoot(), "test", "golden");

/**
 * Holds a text against the file `test/golden/<name>`. With `UPDATE_GOLDEN=1` the file is written instead: what changed is
 * then seen in the diff.
 */
export function expectGolden(name: string, text: string): void {
  const path = join(FOLDER, name);
  if (process.env.UPDATE_GOLDEN === "1") {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  assert.equal(text, readFileSync(path, "utf8"), `${name}; after a wanted change: UPDATE_GOLDEN=1 npm test`);
}

/** A reply as a golden file has it: its type, then its body, JSON being spread over lines. */
export function goldenText({ contentType, body }: Rendered): string {
  const isJson = body.startsWith("{");
  return `${contentType}\n\n${isJson ? `${JSON.stringify(JSON.parse(body), null, 2)}\n` : body}`;
}
