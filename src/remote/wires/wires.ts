import type { ProviderDialect } from "../../core/provider-settings.js";
import type { Wire } from "../wire.js";
import { comet } from "./comet.js";
import { cortecs } from "./cortecs.js";
import { openai } from "./openai.js";
import { together } from "./together.js";
import { v2 } from "./v2.js";

/** The client's side of every dialect that a provider may have. */
export const WIRES: Readonly<Record<ProviderDialect, Wire>> = { openai, cortecs, comet, together, v2 };
