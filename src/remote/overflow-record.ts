import type { Because, Refused } from "./policy.js";
import type { FailureKind } from "./provider-failure.js";

/** Why a request goes out: the rules of the contract's section 6. */
export type OverflowReason =
  /** (a) It would wait for longer than `--overflow-after-ms`. */
  | "wait"
  /** (b) All places are taken. */
  | "queue_full"
  /** (c) The local engine cannot serve the model, and the request lets another do it. */
  | "model";

/** One try, for the log. */
export interface TryRecord {
  provider: string;
  model: string;
  outcome: "answered" | "abandoned" | FailureKind;
  status?: number;
  elapsedMs: number;
  /** What the provider said, without its key. */
  detail?: string;
}

/** What the log says of an overflow: which rule, which candidates, which answer. */
export interface OverflowRecord {
  rule: OverflowReason;
  /** In the order in which they would be asked. */
  candidates: string[];
  refused: Record<string, Because>;
  tries: TryRecord[];
  /** Who answered; null: nobody. */
  answer: string | null;
}

export function refusedByName(refused: readonly Refused[]): Record<string, Because> {
  return Object.fromEntries(refused.map(({ provider, because }) => [provider, because]));
}
