import type { Includable, ResponseFormat, TranscribeRequest } from "../../src/core/request.js";
import { DEFAULT_REQUEST } from "../../src/core/request.js";
import type { Segment, Transcript } from "../../src/core/result.js";
import type { Dialect } from "../../src/dialects/dialect.js";
import { entriesOf } from "../../src/dialects/fields.js";
import { placeWords } from "../../src/stitch/words.js";
import { SILENCE, segment, TWO_SEGMENTS } from "../render/sample-transcript.js";

const logprob = (token: string, value: number) => ({ token, logprob: value, bytes: [...Buffer.from(token)] });
const withLogprobs: Segment[] = [
  { ...segment(0, 2500, " Hello world."), logprobs: [logprob(" Hello", -0.02), logprob(" world.", -0.5)] },
  { ...segment(2500, 3500, " Good bye."), logprobs: [logprob(" Good", -0.1), logprob(" bye.", -0.2)] },
];
const withSpeakers: Segment[] = TWO_SEGMENTS.segments.map((one, index) => ({
  ...one,
  speaker: index === 0 ? "SPEAKER_00" : "SPEAKER_01",
}));

const GERMAN_THEN_JAPANESE: Transcript = {
  ...TWO_SEGMENTS,
  language: "de",
  languageProbability: 0.61,
  segments: [segment(0, 2500, " Schöne Grüße, „Straße“."), segment(2500, 3500, "今日は、元気ですか？")],
};

/** Results that every dialect has to give its shape, with the request that led to them. */
export const SAMPLES: Record<string, { transcript: Transcript; request: Partial<TranscribeRequest> }> = {
  speech: { transcript: TWO_SEGMENTS, request: {} },
  silence: { transcript: SILENCE, request: {} },
  "two-languages": { transcript: GERMAN_THEN_JAPANESE, request: {} },
  "two-languages-words": {
    transcript: { ...GERMAN_THEN_JAPANESE, words: placeWords(GERMAN_THEN_JAPANESE.segments, "de") },
    request: { granularities: ["word"] },
  },
  translation: { transcript: { ...TWO_SEGMENTS, task: "translate", language: "de" }, request: { task: "translate" } },
  words: {
    transcript: { ...TWO_SEGMENTS, words: placeWords(TWO_SEGMENTS.segments, "en") },
    request: { granularities: ["word"] },
  },
  speakers: {
    transcript: { ...TWO_SEGMENTS, segments: withSpeakers, words: placeWords(withSpeakers, "en") },
    request: { granularities: ["word"], diarize: true },
  },
  logprobs: { transcript: { ...TWO_SEGMENTS, segments: withLogprobs }, request: { include: ["logprobs"] } },
  diagnostics: {
    transcript: {
      ...TWO_SEGMENTS,
      suppressed: [{ startMs: 1000, endMs: 2000, reason: "no_speech", action: "dropped", text: "Thank you." }],
      work: { ...TWO_SEGMENTS.work, fallbacks: 2 },
    },
    request: { include: ["diagnostics"] },
  },
};

/** The formats that a dialect has; v2 knows no such thing. */
export function formatsOf({ fields }: Dialect): readonly ResponseFormat[] {
  const entry = entriesOf(fields).find(([name]) => name === "responseFormat")?.[1];
  return (entry?.kind === "choice" ? entry.choices : ["json"]) as ResponseFormat[];
}

/** Whether a dialect can be asked for a sample at all. */
export function canAskFor({ fields }: Dialect, { granularities, include = [], diarize }: Partial<TranscribeRequest>) {
  const entry = entriesOf(fields).find(([name]) => name === "include")?.[1];
  const includable = (entry?.kind === "choices" ? entry.choices : []) as readonly Includable[];
  return (
    (!granularities || fields.granularities !== undefined) &&
    (!diarize || fields.diarize !== undefined) &&
    include.every((one) => includable.includes(one))
  );
}

export function requestOf(request: Partial<TranscribeRequest>, responseFormat: ResponseFormat): TranscribeRequest {
  return { ...DEFAULT_REQUEST, ...request, responseFormat };
}
