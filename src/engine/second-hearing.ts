import type { Span } from "../core/window.js";
import type { NativeSession } from "./addon.js";
import { countStep } from "./control-words.js";
import { MAX_INITIAL_TIMESTAMP, NO_SPEECH_PROB_MAX, type Pass } from "./fallback.js";
import { editDistance, heardWords } from "./heard-words.js";
import type { LoadedModel } from "./loaded-model.js";
import { FRAME_MS, STEP_MS, segmentTokens } from "./segmenter.js";

/** Below this mean the model doubts what it wrote. Timestamps do not count: they are sure where the text is not. */
const DOUBTED_TEXT_LOGPROB = -0.5;
/**
 * So much later the other hearings begin, in frames: odd numbers, since the encoder takes two at a time. Speech does not
 * mind; what a model reads into music or noise hangs on how the sound falls into those pairs.
 */
export const SHIFTS_FRAMES = [7, 13] as const;
/** Of very short audio no more than a quarter. */
const LARGEST_SHIFT_SHARE = 0.25;
/** Timestamps of two hearings differ by this much at times. */
const TOLERANCE_MS = 400;
/** Of the words two hearings of the same speech have so many in common; of what is invented they share chance hits. */
const SAME_SPEECH_SHARE = 0.5;

/** What was heard when, in the window's time. */
export interface HeardText extends Span {
  text: string;
}

/** The sound that a pass was made of, in frames from the window's start. */
export interface Stretch {
  seek: number;
  heardFrames: number;
}

/** Whether tokens are more than timestamps. */
export function hasText(tokens: readonly number[], model: LoadedModel): boolean {
  return tokens.some((token) => model.tokenizer.isText(token));
}

/** Whether a pass should be confirmed by other hearings: the model is unsure of its words, or hears no speech. */
export function isDoubtful(pass: Pass, noSpeechProb: number, model: LoadedModel): boolean {
  const ofText = pass.logprobs.filter((_, index) => model.tokenizer.isText(pass.tokens[index] as number));
  if (ofText.length === 0) return false;
  const mean = ofText.reduce((sum, one) => sum + one, 0) / ofText.length;
  return mean < DOUBTED_TEXT_LOGPROB || noSpeechProb > NO_SPEECH_PROB_MAX;
}

/**
 * Hears the same sound again, a little shifted, at temperature 0, until a hearing disagrees. The session then holds the
 * encoding of the last one.
 * @param prompt the tokens before the transcript
 */
export function hearAgain(
  session: NativeSession,
  model: LoadedModel,
  { text, ...stretch }: Stretch & { text: string },
  prompt: Int32Array,
  control: Int32Array,
): HeardText[][] {
  const hearings: HeardText[][] = [];
  for (const shift of SHIFTS_FRAMES) {
    const hearing = hearShifted(session, model, { ...stretch, shift }, prompt, control);
    hearings.push(hearing);
    if (!agrees(text, hearing)) break;
  }
  return hearings;
}

function hearShifted(
  session: NativeSession,
  model: LoadedModel,
  { seek, heardFrames, ...wanted }: Stretch & { shift: number },
  prompt: Int32Array,
  control: Int32Array,
): HeardText[] {
  const shift = Math.min(wanted.shift, Math.floor(heardFrames * LARGEST_SHIFT_SHARE));
  session.encode(seek + shift, control);
  countStep(control);
  const decoded = session.decode(
    prompt,
    {
      temperature: 0,
      candidates: 1,
      seed: seek,
      maxTokens: model.maxTokens(prompt.length),
      timestamps: model.hasTimestamps,
      maxInitialTimestamp: MAX_INITIAL_TIMESTAMP,
    },
    control,
  );
  countStep(control);
  const startMs = (seek + shift) * FRAME_MS;
  return segmentTokens([...decoded.ids], model.facts.timestampBegin, heardFrames - shift)
    .segments.map(({ startStep, endStep, tokens }) => ({
      startMs: startMs + startStep * STEP_MS,
      endMs: startMs + endStep * STEP_MS,
      text: model.tokenizer.decode(tokens).trim(),
    }))
    .filter(({ text }) => text !== "");
}

/** Whether a hearing comes to much the same text. */
export function agrees(text: string, hearing: readonly HeardText[]): boolean {
  const said = heardWords(text);
  const again = hearing.flatMap((one) => heardWords(one.text));
  const longest = Math.max(said.length, again.length);
  return longest === 0 || 1 - editDistance(said, again) / longest >= SAME_SPEECH_SHARE;
}

/** Whether something was heard at the time of a segment. */
export function isHeardAt({ startMs, endMs }: Span, hearing: readonly HeardText[]): boolean {
  return hearing.some((one) => one.startMs < endMs + TOLERANCE_MS && one.endMs > startMs - TOLERANCE_MS);
}
