import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { packageRoot } from "../../src/core/package-root.js";

interface FuzzResult {
  models: { mutants: number; refusedByWalk: number; decoded: number; saidDamaged: number };
  media: { answers: number; outcomes: Record<string, number> };
  findings: { reason: string }[];
}

/** `npm run fuzz` runs longer; this shows that it finds nothing in a few files, and that it looks. */
function fuzz(models: number, media: number): FuzzResult {
  const program = join(packageRoot(), "scripts/fuzz/main.mjs");
  const args = [program, "--models", String(models), "--media", String(media), "--seed", "11"];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  assert.ok(stdout, stderr);
  const result = JSON.parse(stdout) as FuzzResult;
  assert.deepEqual(result.findings, []);
  assert.equal(status, 0);
  return result;
}

test("300 mutated model files: what the walk lets through loads and decodes, and nothing ends the engine", () => {
  const { mutants, refusedByWalk, decoded, saidDamaged } = fuzz(300, 0).models;
  assert.equal(refusedByWalk + decoded + saidDamaged, mutants);
  assert.ok(refusedByWalk > 100 && decoded > 40 && saidDamaged > 20, `${refusedByWalk}, ${decoded}, ${saidDamaged}`);
});

test("40 mutated recordings: each is answered with a transcript or an error of the table, by the same processes", () => {
  const { answers, outcomes } = fuzz(0, 40).media;
  assert.equal(answers, 40);
  assert.ok(outcomes["200"] && outcomes.undecodable_audio, JSON.stringify(outcomes));
});
