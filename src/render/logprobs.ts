import type { Segment, TokenLogprob } from "../core/result.js";

/** `include[]=logprobs`: of every token of the text, in order. Of silence it is an empty list. */
export function logprobsMember(segments: readonly Segment[]): { logprobs: TokenLogprob[] } {
  return { logprobs: segments.flatMap(({ logprobs }) => logprobs ?? []) };
}
