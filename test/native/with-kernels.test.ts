import { test } from "node:test";
import { loadAddon } from "../../src/engine/addon.js";
import { BATCH_BY } from "../support/native-addon.js";

// What holds of a session holds whoever computes: the same tests again, by our own kernels.
process.env[BATCH_BY] = "kernels";
if (loadAddon().kernelNames().length === 0) {
  test("this processor has no kernels of our own", { skip: true });
} else {
  await import("./addon.test.js"); // first: it looks at an addon that has no backend yet
  await import("../engine/guards.test.js");
  await import("../engine/window-decoder.test.js");
  await import("../engine/short-windows.test.js");
  await import("../engine/aligned-words.test.js");
  await import("../engine/prompt-tokens.test.js");
  await import("./edge-models.test.js");
  await import("./cancel-within-graph.test.js");
  await import("./hostile-calls.test.js");
}
