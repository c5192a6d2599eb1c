import { test } from "node:test";
import { loadAddon } from "../../src/engine/addon.js";
import { BATCH_BY } from "../support/native-addon.js";
import { runSessionTests } from "../support/session-tests.js";

// The tests of a session by our own kernels.
process.env[BATCH_BY] = "kernels";
if (loadAddon().kernelNames().length === 0) {
  test("this processor has no kernels of our own", { skip: true });
} else {
  await runSessionTests();
  await import("./cancel-within-graph.test.js");
}
