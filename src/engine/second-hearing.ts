import type { Span } from "../core/window.js";
import type { NativeSession } from "./addon.js";
import { countStep } from "./control-words.js";
import { MAX_INITIAL_TIMESTAMP, NO_SPEECH_PROB_MAX, type Pass } from "./fallback.js";
import type { LoadedModel } from "./loaded-model.js";
import { isSameSpeech } from "./prompt-echo.js";
import { FRAME_MS, STEP_MS, segmentTokens } from "./segmenter.js";

/** Below this mean the model doubts what it wrote. Timestamps do not count: they are sure where the text is not. */
const DOUBTED_TEXT_LOGPROB = -0.5;
/**
 * So much later the second hearing begins, in frames: an odd number, since the encoder takes two at a time. Speech does not
 * mind; what a model reads into music or noise hangs on how the sound falls into those pairs.
 */
const SHIFT_FRAMES = 7;
/** Of very short audio no more than a quarter. */
const LARGEST_SHIFT_SHARE = 0.25;
/** Timestamps of two hearings differ by this much at times. */
const TOLERANCE_MS = 400;

/** What was heard when, in the window's time. */
export interface HeardText extends Span {
  text: string;
}

/** The sound that a pass was made of, in frames from the window's start. */
export interface Stretch {
  seek: number;
  heardFrames: number;
}

/** Whether a pass should be confirmed: the model is unsure of its words, or hears no speech. */
export function isDoubtful(pass: Pass, noSpeechProb: number, model: LoadedModel): boolean {
  const ofText = pass.logprobs.filter((_, index) => model.tokenizer.isText(pass.tokens[index] as number));
  if (ofText.length === 0) return false;
  const mean = ofText.reduce((sum, one) => sum + one, 0) / ofText.length;
  return mean < DOUBTED_TEXT_LOGPROB || noSpeechProb > NO_SPEECH_PROB_MAX;
}

/**
 * Hears the same sound again, a little shifted, at temperature 0. The session then holds that encoding.
 * @param prompt the tokens before the transcript
 */
export function hearAgain(
  session: NativeSession,
  model: LoadedModel,
  { seek, heardFrames }: Stretch,
  prompt: Int32Array,
  control: Int32Array,
): HeardText[] {
  const shift = Math.min(SHIFT_FRAMES, Math.floor(heardFrames * LARGEST_SHIFT_SHARE));
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

/**
 * Whether a second hearing bears out a segment: something is heard at its time; and, where the model hears no speech, much
 * the same.
 */
export function isConfirmed(segment: HeardText, again: readonly HeardText[], noSpeechProb: number): boolean {
  const near = again.filter(
    ({ startMs, endMs }) => startMs < segment.endMs + TOLERANCE_MS && endMs > segment.startMs - TOLERANCE_MS,
  );
  if (near.length === 0) return false;
  return noSpeechProb <= NO_SPEECH_PROB_MAX || near.some(({ text }) => isSameSpeech(text, segment.text));
}
