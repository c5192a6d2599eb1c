import { SAMPLES_PER_MS } from "../core/audio.js";
import type { LanguageCode } from "../core/languages.js";
import type { Segment, Suppression, TokenLogprob } from "../core/result.js";
import type { DecodeParams, Span } from "../core/window.js";
import type { NativeSession } from "./addon.js";
import { alignWords } from "./aligned-words.js";
import { compressionRatio, type Pass } from "./fallback.js";
import type { LoadedModel } from "./loaded-model.js";
import { loudnessOf } from "./loudness.js";
import { isOutsideSpeech } from "./outside-speech.js";
import { agrees, type HeardText, isHeardAt } from "./second-hearing.js";
import { FRAME_MS, type Segmentation, STEP_MS, type TokenSegment } from "./segmenter.js";
import { isAcross, partsBetweenJoints } from "./split-at-joints.js";

/** One pass over a window, as it was decoded. Times are of the window. */
export interface Heard extends Span {
  pass: Pass;
  cut: Segmentation;
  language: LanguageCode;
  noSpeechProb: number;
  pcm: Int16Array;
  /** What other hearings came to, where there was reason for them. */
  again?: readonly HeardText[][];
  /** Those left another encoding behind: has the session encode what this pass was decoded from. */
  encodeAgain?: () => void;
}

/** A segment in the making: which tokens of the pass are its text. */
interface Draft {
  segment: Segment;
  piece: TokenSegment;
  /** Indices in the pass. */
  kept: number[];
}

/**
 * The segments of a pass, without what is only repeated, lies where nobody speaks or is not confirmed; with words, if they are wanted. One that
 * goes on beyond a joint of the window is parted there, as its words show.
 */
export function heardSegments(
  session: NativeSession,
  model: LoadedModel,
  heard: Heard,
  params: DecodeParams,
  control: Int32Array,
): { segments: Segment[]; suppressed: Suppression[] } {
  const suppressed: Suppression[] = [];
  const drafts = draftsOf(model, heard, suppressed).filter(({ segment }) => {
    const reason = reasonAgainst(segment, heard, params);
    if (reason) suppressed.push(suppressionOf(segment, reason, segment.text));
    return reason === undefined;
  });
  // A translation's words have not the order of what is heard.
  const jointsMs = params.task === "transcribe" ? (params.jointsMs ?? []) : [];
  const across = new Set(drafts.filter(({ segment }) => isAcross(segment, jointsMs)));
  if (params.words && params.task === "transcribe") addWords(session, model, heard, drafts, params, control);
  else addWords(session, model, heard, [...across], params, control);
  const parted = drafts.flatMap((draft) => (across.has(draft) ? partDraft(draft, jointsMs, heard, model) : [draft]));
  if (params.logprobs) for (const draft of parted) draft.segment.logprobs = tokenLogprobs(draft, heard.pass, model);
  if (!params.words) for (const { segment } of parted) delete segment.words;
  return { segments: parted.map(({ segment }) => segment), suppressed };
}

function reasonAgainst(
  segment: Segment,
  { pass, again = [] }: Heard,
  { speechSpans }: DecodeParams,
): Suppression["reason"] | undefined {
  if (isOutsideSpeech(segment, speechSpans)) return "outside_speech";
  return again.every((hearing) => agrees(pass.text, hearing) && isHeardAt(segment, hearing))
    ? undefined
    : "unconfirmed";
}

function draftsOf(model: LoadedModel, heard: Heard, suppressed: Suppression[]): Draft[] {
  const repeated = new Set(heard.pass.repeated);
  const windowMs = Math.floor(heard.pcm.length / SAMPLES_PER_MS);
  let firstIndex = 0;
  return heard.cut.segments.flatMap((piece) => {
    const indices = piece.tokens.map((_, offset) => firstIndex + offset);
    firstIndex += piece.tokens.length;
    const startMs = Math.min(heard.startMs + piece.startStep * STEP_MS, windowMs);
    const endMs = Math.min(heard.startMs + piece.endStep * STEP_MS, windowMs);
    const textOf = (chosen: readonly number[]) =>
      model.tokenizer.decode(chosen.map((index) => heard.pass.tokens[index] as number));
    const lost = textOf(indices.filter((index) => repeated.has(index)));
    if (lost.trim() !== "") suppressed.push(suppressionOf({ startMs, endMs }, "repetition", lost));
    const kept = indices.filter((index) => !repeated.has(index));
    const text = textOf(kept);
    if (text.trim() === "" || endMs <= startMs) return [];
    const segment: Segment = {
      startMs,
      endMs,
      text,
      tokens: kept.map((index) => heard.pass.tokens[index] as number),
      seekMs: heard.startMs,
      temperature: heard.pass.temperature,
      avgLogprob: heard.pass.avgLogprob,
      compressionRatio: compressionRatio(text),
      noSpeechProb: heard.noSpeechProb,
    };
    return [{ segment, piece, kept }];
  });
}

function suppressionOf({ startMs, endMs }: Span, reason: Suppression["reason"], text: string): Suppression {
  return { startMs, endMs, reason, action: "dropped", text: text.trim() };
}

function tokenLogprobs({ kept }: Draft, pass: Pass, model: LoadedModel): TokenLogprob[] {
  return kept.flatMap((index) => {
    const id = pass.tokens[index] as number;
    if (!model.tokenizer.isText(id)) return [];
    const bytes = model.tokenizer.bytesOf(id);
    return [{ token: bytes.toString("utf8"), logprob: pass.logprobs[index] as number, bytes: [...bytes] }];
  });
}

/** A segment as its parts between the window's joints. */
function partDraft(
  { segment, piece, kept }: Draft,
  jointsMs: readonly number[],
  heard: Heard,
  model: LoadedModel,
): Draft[] {
  const { tokenizer } = model;
  const options = { tokenizer, language: heard.language };
  return partsBetweenJoints(segment.tokens, segment.words ?? [], jointsMs, options).map(({ from, to, words }) => {
    const tokens = segment.tokens.slice(from, to);
    const text = tokenizer.decode(tokens);
    const own: Segment = { ...segment, tokens, text, compressionRatio: compressionRatio(text), words: [...words] };
    own.startMs = words[0]?.startMs ?? segment.startMs;
    own.endMs = words.at(-1)?.endMs ?? segment.endMs;
    return { segment: own, piece, kept: kept.slice(from, to) };
  });
}

/**
 * Gives each segment its words, and the times of its first and last word: closer to the sound than its timestamps, as
 * openai/whisper `whisper/timing.py` does it (`add_word_timestamps`).
 */
function addWords(
  session: NativeSession,
  model: LoadedModel,
  heard: Heard,
  drafts: readonly Draft[],
  params: DecodeParams,
  control: Int32Array,
): void {
  if (drafts.length === 0) return;
  const positions = Math.min(model.facts.audioContext, Math.ceil((heard.endMs - heard.startMs) / STEP_MS));
  const { pass, startMs } = heard;
  const before = model.promptTokens(params.task, heard.language, undefined);
  const tokens = Int32Array.of(...before, ...pass.tokens, model.facts.endOfText);
  // Words are aligned with the encoding that they came from.
  heard.encodeAgain?.();
  // The row of a token is that of the one before it, which predicts it.
  const rows = session.align(tokens, before.length - 1, positions, control);
  const sound = heard.pcm.subarray(startMs * SAMPLES_PER_MS, heard.endMs * SAMPLES_PER_MS);
  const timed = drafts.map(({ segment, piece, kept }) => ({ ...piece, tokens: segment.tokens, rows: kept }));
  const speech = params.speechSpans?.map((span) => ({ startMs: span.startMs - startMs, endMs: span.endMs - startMs }));
  const options = { tokenizer: model.tokenizer, language: heard.language, speech };
  const words = alignWords(timed, { rows, positions }, loudnessOf(sound), options);
  // From there on the next pass is heard, with words of its own.
  const latestMs = Math.min(heard.endMs, startMs + heard.cut.advanceFrames * FRAME_MS);
  for (const [index, { segment }] of drafts.entries()) {
    const own = (words[index] ?? []).map((word) => ({
      ...word,
      startMs: Math.min(latestMs, word.startMs + startMs),
      endMs: Math.min(latestMs, word.endMs + startMs),
    }));
    segment.words = own;
    segment.startMs = own[0]?.startMs ?? segment.startMs;
    segment.endMs = own.at(-1)?.endMs ?? segment.endMs;
  }
}
