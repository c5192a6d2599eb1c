import { parseLanguage } from "../core/languages.js";
import type { TranscribeRequest } from "../core/request.js";
import type { Segment, Transcript, Word } from "../core/result.js";
import { placeWords } from "../stitch/words.js";
import type { Heard, HeardSegment } from "./heard.js";
import { wantsSpeakers } from "./wire.js";

/** What is known beside the reply. */
export interface Circumstances {
  provider: string;
  /** Theirs, as it was asked for; empty: they chose. */
  model: string;
  /** Of the recording, where it is known here. */
  durationMs: number | undefined;
  elapsedMs: number;
}

/** Fit for a header. */
const MODEL_NAME = /^[\x20-\x7e]{1,200}$/;

/** A provider's reply as the one internal result, so that every dialect and format can be rendered from it. */
export function assembleTranscript(heard: Heard, request: TranscribeRequest, known: Circumstances): Transcript {
  const durationMs = durationOf(heard, known.durationMs);
  const spoken = request.task === "translate" ? undefined : parseLanguage(heard.language ?? "");
  const language = request.language ?? spoken ?? "en";
  const segments = segmentsOf(heard, request, durationMs);
  const textLanguage = request.task === "translate" ? "en" : language;
  const wantsWords = request.granularities.includes("word") || wantsSpeakers(request);
  const given: Word[] | undefined = heard.words?.length ? heard.words : undefined;
  return {
    task: request.task,
    language,
    languageProbability: request.language === undefined ? (heard.languageProbability ?? 1) : 1,
    durationMs,
    segments,
    ...(wantsWords ? { words: given ?? placeWords(segments, textLanguage) } : {}),
    suppressed: [],
    model: modelOf(known.model, heard.model),
    provider: known.provider,
    tokenCounts: heard.tokenCounts ?? { prompt: 0, completion: 0 },
    timings: { melMs: 0, encodeMs: 0, decodeMs: 0, sampleMs: 0 },
    work: {
      ...{ queueMs: 0, elapsedMs: known.elapsedMs, speechMs: 0, fallbacks: 0 },
      ...{ backend: "remote", threads: 0, shortWindows: false },
    },
    windowCount: 0,
  };
}

/** The most exact that there is. */
function durationOf({ durationMs, billedMs, segments, words }: Heard, knownMs: number | undefined): number {
  const lastMs = Math.max(0, ...[...(segments ?? []), ...(words ?? [])].map(({ endMs }) => endMs));
  return durationMs ?? knownMs ?? billedMs ?? lastMs;
}

function modelOf(asked: string, told: string | undefined): string {
  if (asked !== "") return asked;
  return told !== undefined && MODEL_NAME.test(told) ? told : "default";
}

function segmentsOf(heard: Heard, request: TranscribeRequest, durationMs: number): Segment[] {
  const { text, logprobs } = heard;
  const given = heard.segments?.filter((segment) => segment.text.trim() !== "") ?? [];
  if (text.trim() === "" && given.length === 0) return [];
  const heardSegments = given.length > 0 ? given : [{ startMs: 0, endMs: durationMs, text }];
  const spoken = withSpeakers(heardSegments, heard);
  return spacedTexts(spoken, text).map((segmentText, index) => {
    const one = spoken[index] as HeardSegment;
    return {
      startMs: one.startMs,
      endMs: one.endMs,
      text: segmentText,
      tokens: one.tokens ?? [],
      // Those of the whole text cannot be told apart by segment: all stand with the first.
      ...(logprobs && request.include.includes("logprobs") ? { logprobs: index === 0 ? logprobs : [] } : {}),
      seekMs: one.seekMs ?? 0,
      temperature: one.temperature ?? request.temperature,
      avgLogprob: one.avgLogprob ?? 0,
      compressionRatio: one.compressionRatio ?? 1,
      noSpeechProb: one.noSpeechProb ?? 0,
      ...(one.speaker === undefined ? {} : { speaker: one.speaker }),
    };
  });
}

/** A segment's speaker is that of its first word, where only words have one. */
function withSpeakers(segments: readonly HeardSegment[], { words }: Heard): readonly HeardSegment[] {
  if (!words?.some(({ speaker }) => speaker !== undefined)) return segments;
  return segments.map((segment) => {
    const first = words.find(({ startMs, endMs }) => endMs > segment.startMs && startMs < segment.endMs);
    return first?.speaker === undefined || segment.speaker !== undefined
      ? segment
      : { ...segment, speaker: first.speaker };
  });
}

/**
 * The segments' texts with the space that belongs before each: joined they are the whole text. Some services trim their
 * segments, and not every script has spaces, so the whole text says where one stands.
 */
export function spacedTexts(segments: readonly { text: string }[], whole: string): string[] {
  const text = whole.trim();
  const found: string[] = [];
  let position = 0;
  for (const segment of segments) {
    const said = segment.text.trim();
    const start = text.indexOf(said, position);
    // Whatever stands between two segments is said too.
    if (start < 0 || text.slice(position, start).trim() !== "") return asTheyCame(segments);
    found.push(`${position === 0 ? " " : text.slice(position, start)}${said}`);
    position = start + said.length;
  }
  return text.slice(position).trim() === "" ? found : asTheyCame(segments);
}

/** Where segments and text do not agree, the segments count, which have the times. */
function asTheyCame(segments: readonly { text: string }[]): string[] {
  const isSpaced = segments.slice(1).some(({ text }) => /^\s/.test(text));
  return segments.map(({ text }) => (isSpaced ? text : ` ${text.trim()}`));
}
