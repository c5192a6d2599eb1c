import assert from "node:assert/strict";
import { test } from "node:test";
import { sessionBytes } from "../../src/catalog/session-memory.js";

/** Megabytes per state of whisper.cpp 1.9.1, as it reports them for models of these widths and decoder layers. */
const REPORTED: [name: string, state: number, textLayers: number, megabytes: number][] = [
  ["tiny", 384, 4, 146],
  ["base", 512, 6, 169],
  ["small", 768, 12, 240],
  ["medium", 1024, 24, 387],
  ["large", 1280, 32, 542],
  ["large-v3-turbo", 1280, 4, 248],
];

for (const [name, state, textLayers, megabytes] of REPORTED) {
  test(`the memory of a session of ${name} is estimated within three per cent`, () => {
    const facts = { state, textLayers, textContext: 448, vocabSize: 51_865 } as Parameters<typeof sessionBytes>[0];
    assert.ok(Math.abs(sessionBytes(facts) / 1e6 / megabytes - 1) < 0.03, String(sessionBytes(facts)));
  });
}
