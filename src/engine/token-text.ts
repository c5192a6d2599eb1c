import type { Tokenizer } from "./tokenizer.js";

/** Text of tokens, and where each token's part of it ends. One that holds half a character has no part: its second half has. */
export function tokenText(tokenizer: Tokenizer, ids: readonly number[]): { text: string; ends: number[] } {
  const decoder = new TextDecoder();
  let text = "";
  const ends = ids.map((id) => {
    text += decoder.decode(tokenizer.bytesOf(id), { stream: true });
    return text.length;
  });
  return { text: text + decoder.decode(), ends };
}
