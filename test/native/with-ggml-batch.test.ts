import { BATCH_BY } from "../support/native-addon.js";

// And once more with windows that ggml decodes together, as on a GPU; here on the CPU, which computes the same graphs. Not
// cancelling within a graph: few GPUs can.
process.env[BATCH_BY] = "ggml";
await import("./addon.test.js"); // first: it looks at an addon that has no backend yet
await import("../engine/guards.test.js");
await import("../engine/window-decoder.test.js");
await import("../engine/short-windows.test.js");
await import("../engine/aligned-words.test.js");
await import("../engine/prompt-tokens.test.js");
await import("./edge-models.test.js");
await import("./hostile-calls.test.js");
