import { BATCH_BY } from "../support/native-addon.js";
import { runSessionTests } from "../support/session-tests.js";

// The tests of a session with windows that ggml decodes together, as on a GPU; here on the CPU, which computes the same graphs. Not
// cancelling within a graph: few GPUs can.
process.env[BATCH_BY] = "ggml";
await runSessionTests();
