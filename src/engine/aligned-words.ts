import type { LanguageCode } from "../core/languages.js";
import type { Word } from "../core/result.js";
import type { Span } from "../core/window.js";
import { type WordSpan, wordSpans } from "../stitch/words.js";
import { type Attention, attentionPath, type TokenPlace } from "./attention-path.js";
import type { Loudness } from "./loudness.js";
import { FRAME_MS, STEP_MS } from "./segmenter.js";
import type { Tokenizer } from "./tokenizer.js";
import { type WordCore, type WordEdges, wordEdges } from "./word-edges.js";

/** A segment's tokens as they were decoded, and when, by its timestamps. */
export interface TimedTokens {
  tokens: readonly number[];
  /** Of each token: its row of the attention. */
  rows: readonly number[];
  /** Positions of the encoder. */
  startStep: number;
  endStep: number;
}

/** Timestamps of a segment are this far off at times: 0.2 s. */
const SLACK_STEPS = 10;
const FRAMES_PER_STEP = STEP_MS / FRAME_MS;

/**
 * The words of the segments of one pass, in milliseconds from where the encoder began. Which sound belongs to which token
 * is told by the decoder's cross-attention (dynamic time warping within each segment); where exactly a word begins and ends,
 * by the loudness between the middles of two words. Words follow each other, and lie within speech where that is known.
 *
 * @param loudness of the audio from where the encoder began
 * @param speech likewise
 */
export function alignWords(
  segments: readonly TimedTokens[],
  attention: Attention,
  loudness: Loudness,
  options: { tokenizer: Tokenizer; language: LanguageCode; speech?: readonly Span[] | undefined },
): Word[][] {
  const found = middles(segments, attention, options);
  const edges = wordEdges(
    found.flat().map(({ core }) => core),
    loudness,
  );
  let next = 0;
  return found.map((words) =>
    words.map(({ word, core }) => {
      const span = withinSpeech(edges[next++] as WordEdges, core, options.speech);
      return { word, ...span };
    }),
  );
}

interface Middle {
  word: string;
  core: WordCore;
}

function middles(
  segments: readonly TimedTokens[],
  attention: Attention,
  { tokenizer, language }: { tokenizer: Tokenizer; language: LanguageCode },
): Middle[][] {
  const { positions } = attention;
  let passed = 0;
  return segments.map(({ tokens, rows, startStep, endStep }) => {
    const textAt = tokens.map((_, index) => index).filter((index) => tokenizer.isText(tokens[index] as number));
    const from = Math.min(positions - 1, Math.max(passed, startStep - SLACK_STEPS));
    const to = Math.max(from + 1, Math.min(positions, endStep + SLACK_STEPS));
    const path = attentionPath(
      attention,
      textAt.map((index) => rows[index] as number),
      from,
      to,
    );
    const ids = textAt.map((index) => tokens[index] as number);
    const { text, ends } = textOf(tokenizer, ids);
    return wordSpans(text, language).map((span) => {
      const { first, last } = heardAt(span, ends, path);
      const begin = Math.max(passed, first);
      const end = Math.max(begin, last);
      passed = end;
      return {
        word: span.word,
        core: {
          first: begin * FRAMES_PER_STEP,
          last: (end + 1) * FRAMES_PER_STEP - 1,
          earliest: from * FRAMES_PER_STEP,
          latest: to * FRAMES_PER_STEP - 1,
        },
      };
    });
  });
}

/** Text of tokens, and where each token's part of it ends. One that holds half a character has no part: its second half has. */
function textOf(tokenizer: Tokenizer, ids: readonly number[]): { text: string; ends: number[] } {
  const decoder = new TextDecoder();
  let text = "";
  const ends = ids.map((id) => {
    text += decoder.decode(tokenizer.bytesOf(id), { stream: true });
    return text.length;
  });
  return { text: text + decoder.decode(), ends };
}

/** The peaks of a word's first and last token. A word that has but a part of a token lies at that part of its stretch. */
function heardAt({ from, to }: WordSpan, ends: readonly number[], path: readonly TokenPlace[]) {
  const at = (character: number): number => {
    const index = ends.findIndex((end) => end > character);
    const place = path[index < 0 ? path.length - 1 : index] as TokenPlace;
    const [begin, end] = [ends[index - 1] ?? 0, ends[index] ?? character + 1];
    const isWhole = begin >= from - 1 && end <= to;
    if (isWhole) return place.peak;
    const share = (character + 0.5 - begin) / (end - begin);
    return Math.round(place.first + share * (place.last - place.first));
  };
  return { first: at(from), last: at(to - 1) };
}

/** The part of a word that lies in the stretch of speech of its middle; all of it where speech is not known. */
function withinSpeech({ first, end }: WordEdges, core: WordCore, speech: readonly Span[] | undefined): Span {
  const span = { startMs: first * FRAME_MS, endMs: end * FRAME_MS };
  const middleMs = ((core.first + core.last + 1) / 2) * FRAME_MS;
  const own = speech && nearest(speech, middleMs);
  if (!own) return span;
  const startMs = Math.min(Math.max(span.startMs, own.startMs), own.endMs);
  return { startMs, endMs: Math.max(startMs, Math.min(span.endMs, own.endMs)) };
}

function nearest(spans: readonly Span[], ms: number): Span | undefined {
  const distance = ({ startMs, endMs }: Span) => Math.max(startMs - ms, ms - endMs, 0);
  return [...spans].sort((a, b) => distance(a) - distance(b))[0];
}
