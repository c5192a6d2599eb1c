import type { LanguageCode } from "../core/languages.js";
import type { Segment, Word } from "../core/result.js";

/** Marks around a word that are not said; `%`, `$`, `+` and the like are, so they stay. */
const EDGE_MARKS =
  /^[\s.,!?;:…"'“”‘’«»„()[\]{}<>¿¡—–\-。、，！？：；「」『』（）]+|[\s.,!?;:…"'“”‘’«»„()[\]{}<>—–\-。、，！？：；「」『』（）]+$/gu;

/** Scripts that put no space between words. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;

/** A word takes time even when it is one letter long: this many letters more. */
const LETTERS_PER_WORD = 1;

/**
 * The words of segments, with times. Whisper's segments alone are timed, so the time of a segment is shared out among its
 * words by their length. Words follow each other, never overlap and never leave their segment.
 */
export function placeWords(segments: readonly Segment[], language: LanguageCode): Word[] {
  return segments.flatMap((segment) => {
    const words = splitWords(segment.text, language);
    const weights = words.map((word) => [...word].length + LETTERS_PER_WORD);
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const at = (letters: number) => segment.startMs + Math.round(((segment.endMs - segment.startMs) * letters) / total);
    let passed = 0;
    return words.map((word, index): Word => {
      const startMs = at(passed);
      passed += weights[index] as number;
      const speaker = segment.speaker === undefined ? {} : { speaker: segment.speaker };
      return { word, startMs, endMs: at(passed), ...speaker };
    });
  });
}

/** Text as words, without the marks around them: as OpenAI's `words` have it. */
export function splitWords(text: string, language: LanguageCode): string[] {
  return text
    .split(/\s+/)
    .flatMap((chunk) => (UNSPACED.test(chunk) ? splitUnspaced(chunk, language) : [chunk]))
    .map((word) => word.replace(EDGE_MARKS, ""))
    .filter((word) => word !== "");
}

function splitUnspaced(chunk: string, language: LanguageCode): string[] {
  return [...new Intl.Segmenter(language, { granularity: "word" }).segment(chunk)].map(({ segment }) => segment);
}
