import type { LanguageCode } from "../core/languages.js";
import type { Segment, Word } from "../core/result.js";

/** Marks around a word that are not said; `%`, `$`, `+` and the like are, so they stay. */
const EDGE_MARKS =
  /^[\s.,!?;:…"'“”‘’«»„()[\]{}<>¿¡—–\-。、，！？：；「」『』（）]+|[\s.,!?;:…"'“”‘’«»„()[\]{}<>—–\-。、，！？：；「」『』（）]+$/gu;

const LEADING_MARKS = /^[\s.,!?;:…"'“”‘’«»„()[\]{}<>¿¡—–\-。、，！？：；「」『』（）]+/u;

/** Scripts that put no space between words. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;

/** A word takes time even when it is one letter long: this many letters more. */
const LETTERS_PER_WORD = 1;

/** A word within a text: where it begins and ends, in UTF-16 units, without the marks around it. */
export interface WordSpan {
  word: string;
  from: number;
  to: number;
}

/**
 * The words of segments, with times. Where the engine has aligned words with the sound, those; else (a translation has no
 * order of sounds) the time of a segment is shared out among its words by their length. Words follow each other, never
 * overlap and never leave their segment.
 */
export function placeWords(segments: readonly Segment[], language: LanguageCode): Word[] {
  return segments.flatMap((segment) => {
    const words = segment.words ?? shareOut(segment, language);
    return segment.speaker === undefined
      ? words
      : words.map((word) => ({ ...word, speaker: segment.speaker as string }));
  });
}

function shareOut({ text, startMs, endMs }: Segment, language: LanguageCode): Word[] {
  const words = splitWords(text, language);
  const weights = words.map((word) => [...word].length + LETTERS_PER_WORD);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const at = (letters: number) => startMs + Math.round(((endMs - startMs) * letters) / total);
  let passed = 0;
  return words.map((word, index) => {
    const from = passed;
    passed += weights[index] as number;
    return { word, startMs: at(from), endMs: at(passed) };
  });
}

/** Text as words, without the marks around them: as OpenAI's `words` have it. */
export function splitWords(text: string, language: LanguageCode): string[] {
  return wordSpans(text, language).map(({ word }) => word);
}

/** The same with their places. A chunk that is marks alone belongs to no word. */
export function wordSpans(text: string, language: LanguageCode): WordSpan[] {
  return [...text.matchAll(/\S+/gu)]
    .flatMap(({ 0: chunk, index }) =>
      UNSPACED.test(chunk) ? splitUnspaced(chunk, index, language) : [{ chunk, index }],
    )
    .flatMap(({ chunk, index }) => {
      const word = chunk.replace(EDGE_MARKS, "");
      if (word === "") return [];
      const from = index + (LEADING_MARKS.exec(chunk)?.[0].length ?? 0);
      return [{ word, from, to: from + word.length }];
    });
}

function splitUnspaced(chunk: string, offset: number, language: LanguageCode): { chunk: string; index: number }[] {
  const pieces = new Intl.Segmenter(language, { granularity: "word" }).segment(chunk);
  return [...pieces].map(({ segment, index }) => ({ chunk: segment, index: offset + index }));
}
