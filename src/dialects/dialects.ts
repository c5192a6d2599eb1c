import { comet } from "./comet/comet.js";
import { cortecs } from "./cortecs/cortecs.js";
import type { Dialect } from "./dialect.js";
import { openai } from "./openai/openai.js";
import { together } from "./together/together.js";
import { unified } from "./unified/unified.js";
import { v2 } from "./v2/v2.js";

/** Every dialect, Sotto's own first. */
export const DIALECTS: readonly Dialect[] = [unified, openai, cortecs, comet, together, v2];
