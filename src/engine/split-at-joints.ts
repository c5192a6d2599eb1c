import type { LanguageCode } from "../core/languages.js";
import type { Word } from "../core/result.js";
import type { Span } from "../core/window.js";
import { wordSpans } from "../stitch/words.js";
import { tokenText } from "./token-text.js";
import type { Tokenizer } from "./tokenizer.js";

/** Timestamps are off by that much: who ends so shortly after a joint ended before it. */
const TOLERANCE_MS = 200;

/** A run of a segment's tokens and the words that they make. */
export interface Part {
  /** Indices of the first token and of the one after the last. */
  from: number;
  to: number;
  words: readonly Word[];
}

/** Whether a stretch of a window has a joint well within it. */
export function isAcross({ startMs, endMs }: Span, jointsMs: readonly number[]): boolean {
  return jointsMs.some((joint) => startMs < joint - TOLERANCE_MS && endMs > joint + TOLERANCE_MS);
}

/**
 * Parts a segment's tokens where its words lie on either side of a joint: what was left out of the window there may be an
 * hour of silence. Where a single token is part of words on both sides, nothing is parted.
 *
 * @param tokens those of the segment, timestamps included
 * @param words all of the segment, in their order, in the window's time
 * @param jointsMs in ascending order, in the window's time
 */
export function partsBetweenJoints(
  tokens: readonly number[],
  words: readonly Word[],
  jointsMs: readonly number[],
  { tokenizer, language }: { tokenizer: Tokenizer; language: LanguageCode },
): Part[] {
  const textAt = tokens.map((_, index) => index).filter((index) => tokenizer.isText(tokens[index] as number));
  const { text, ends } = tokenText(
    tokenizer,
    textAt.map((index) => tokens[index] as number),
  );
  const spans = wordSpans(text, language);
  const sideOf = ({ startMs, endMs }: Word) => jointsMs.filter((joint) => joint <= (startMs + endMs) / 2).length;

  const parts: Part[] = [];
  let from = 0;
  let firstWord = 0;
  for (let at = 1; at < Math.min(words.length, spans.length); at++) {
    const [before, after] = [spans[at - 1], spans[at]];
    if (!before || !after || sideOf(words[at - 1] as Word) === sideOf(words[at] as Word)) continue;
    const space = text.slice(before.to, after.from).search(/\s/u);
    // Marks before a space belong to what was said, those behind it to what will be.
    const cut = space < 0 ? after.from : before.to + space;
    const first = ends.findIndex((_, index) => (ends[index - 1] ?? 0) >= cut);
    if (first < 0 || (ends[first - 1] ?? 0) > after.from) continue;
    const to = textAt[first] as number;
    parts.push({ from, to, words: words.slice(firstWord, at) });
    from = to;
    firstWord = at;
  }
  return [...parts, { from, to: tokens.length, words: words.slice(firstWord) }];
}
