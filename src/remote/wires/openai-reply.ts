import type { TokenLogprob } from "../../core/result.js";
import type { Heard, HeardSegment, HeardWord } from "../heard.js";
import {
  demandNumber,
  demandText,
  isObject,
  type JsonObject,
  jsonObject,
  listOf,
  msOf,
  numberOf,
  objectOf,
  textOf,
} from "../json-reply.js";

/** Whisper's frames of 10 ms, by which `seek` counts. */
const MS_PER_SEEK_FRAME = 10;

/**
 * A reply in the shape that OpenAI began and the others took over, each with members of its own: `json` and `verbose_json`
 * of OpenAI, Cortecs, CometAPI, Together and Sotto.
 * @throws ProviderFailure `garbage`
 */
export function readOpenAiReply(body: string): Heard {
  const reply = jsonObject(body);
  const usage = objectOf(reply.usage);
  const seconds = numberOf(usage.seconds);
  const duration = numberOf(reply.duration) ?? numberOf(usage.audio_duration_seconds);
  return {
    text: demandText(reply, "text"),
    language: textOf(reply.language),
    languageProbability: numberOf(reply.language_probability),
    durationMs: duration === undefined ? undefined : msOf(duration),
    billedMs: seconds === undefined ? undefined : msOf(seconds),
    segments: listOf(reply.segments)?.map(readSegment),
    words: listOf(reply.words)?.map(readWord),
    logprobs: readLogprobs(reply.logprobs),
    tokenCounts: tokenCounts(usage),
    model: textOf(reply.model),
  };
}

/** Of a reply, or of an event of a stream. */
export function readLogprobs(value: unknown): TokenLogprob[] | undefined {
  return listOf(value)?.map((entry) => ({
    token: demandText(entry, "token"),
    logprob: demandNumber(entry, "logprob"),
    bytes: Array.isArray(entry.bytes) ? entry.bytes.filter((byte) => Number.isInteger(byte)) : [],
  }));
}

function readSegment(segment: JsonObject): HeardSegment {
  const extras = {
    seekMs: scaled(segment.seek, MS_PER_SEEK_FRAME),
    temperature: numberOf(segment.temperature),
    avgLogprob: numberOf(segment.avg_logprob),
    compressionRatio: numberOf(segment.compression_ratio),
    noSpeechProb: numberOf(segment.no_speech_prob),
    tokens: Array.isArray(segment.tokens) ? segment.tokens.filter((token) => Number.isInteger(token)) : undefined,
    speaker: textOf(segment.speaker),
  };
  return { ...timesOf(segment), text: demandText(segment, "text"), ...present(extras) };
}

function readWord(word: JsonObject): HeardWord {
  return { word: demandText(word, "word"), ...timesOf(word), ...present({ speaker: textOf(word.speaker_id) }) };
}

function timesOf(object: JsonObject): { startMs: number; endMs: number } {
  const startMs = msOf(demandNumber(object, "start"));
  return { startMs, endMs: Math.max(startMs, msOf(demandNumber(object, "end"))) };
}

/** OpenAI counts the newer models by tokens. */
function tokenCounts(usage: JsonObject): Heard["tokenCounts"] {
  const [prompt, completion] = [numberOf(usage.input_tokens), numberOf(usage.output_tokens)];
  return prompt === undefined || completion === undefined ? undefined : { prompt, completion };
}

function scaled(value: unknown, factor: number): number | undefined {
  const number = numberOf(value);
  return number === undefined ? undefined : numberOf(number * factor);
}

type Present<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> };
function present<T extends object>(members: T): Present<T> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Present<T>;
}

/** Whether an event of a stream, or a reply, is an error. */
export function isErrorReply(reply: JsonObject): boolean {
  return isObject(reply.error);
}
