import type { LanguageCode } from "../core/languages.js";
import type { LanguageGuess } from "../core/window.js";

/** What one window says about the language of a recording. */
export interface Ballot {
  /** The likeliest first; what is not named counts as 0. */
  guesses: readonly LanguageGuess[];
  /** How much speech it heard, in milliseconds: a window of a few words knows less than a full one. */
  speechMs: number;
}

/** From here on one window is enough: a recording in one clear language is not kept waiting. */
const SURE_PROBABILITY = 0.7;
/** Unsure after so many windows, the likeliest is taken. */
const BALLOTS_MAX = 3;
/** A window without known speech still counts for something. */
const LEAST_WEIGHT_MS = 1000;

/**
 * The language of a recording, once its first windows have settled it: the highest mean probability, weighed by speech.
 * Whisper itself goes by the first 30 s alone, which may be music or a greeting (openai/whisper `transcribe.py`);
 * faster-whisper counts windows until one is sure (`language_detection_segments`, `language_detection_threshold`).
 *
 * @param ballots of the first windows, in their order
 * @param isLast whether there are no more windows
 * @returns undefined: the next window is to be heard first
 */
export function voteLanguage(ballots: readonly Ballot[], isLast: boolean): LanguageGuess | undefined {
  const weights = ballots.map(({ speechMs }) => Math.max(LEAST_WEIGHT_MS, speechMs));
  const totalWeight = weights.reduce((sum, weight) => sum + weight, 0);
  const means = new Map<LanguageCode, number>();
  for (const [index, { guesses }] of ballots.entries()) {
    for (const { language, probability } of guesses) {
      const share = (probability * (weights[index] as number)) / totalWeight;
      means.set(language, (means.get(language) ?? 0) + share);
    }
  }
  const [leader] = [...means].sort(([, a], [, b]) => b - a);
  if (!leader) return undefined;
  const [language, probability] = leader;
  const isSettled = probability >= SURE_PROBABILITY || ballots.length >= BALLOTS_MAX || isLast;
  return isSettled ? { language, probability } : undefined;
}
