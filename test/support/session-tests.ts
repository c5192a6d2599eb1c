/** Runs the tests of what holds of a session whoever computes; `BATCH_BY` says who does. */
export async function runSessionTests(): Promise<void> {
  await import("../native/addon.test.js"); // first: it looks at an addon that has no backend yet
  await import("../engine/guards.test.js");
  await import("../engine/window-decoder.test.js");
  await import("../engine/short-windows.test.js");
  await import("../engine/aligned-words.test.js");
  await import("../engine/prompt-tokens.test.js");
  await import("../native/edge-models.test.js");
  await import("../native/hostile-calls.test.js");
}
