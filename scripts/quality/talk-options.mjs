import { join } from "node:path";
import { ROOT } from "../setup/root.mjs";

/** Of all scripts that have a model hear talk that is made here (`compose-talk.mjs`). */
export const TALK_OPTIONS = /** @type {const} */ ({
  speakers: { type: "string", default: "george,jackson,lucas,nicolas" },
  numbers: { type: "string", default: "0-4" },
  hiss: { type: "string", default: "0.0005" },
  seed: { type: "string", default: "1" },
  model: { type: "string", default: join(ROOT, "models/ggml-sotto-mini.bin") },
  json: { type: "string" },
});

/** @param {string[]} positionals @returns the folder of recordings */
export function demandRecordings([folder]) {
  if (!folder) throw new Error("Expected a folder of recordings, as the head of this script says");
  return folder;
}
