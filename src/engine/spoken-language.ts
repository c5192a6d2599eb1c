import type { DecodeParams, LanguageGuess } from "../core/window.js";
import type { LoadedModel } from "./loaded-model.js";

/** So many guesses go with a window's result, for a vote among windows. */
const GUESSES = 5;

/**
 * The named language, else what may have been spoken, the likeliest first, of those that the request lets through. A model
 * of English only detects nothing.
 *
 * @param probabilities in the order of the model's languages, from the encoding that is then transcribed
 */
export function guessLanguages(
  model: Pick<LoadedModel, "languages">,
  { language, languages = [] }: Pick<DecodeParams, "language" | "languages">,
  probabilities: Float32Array,
): [LanguageGuess, ...LanguageGuess[]] {
  if (language) return [{ language, probability: 1 }];
  const allowed = new Set(languages);
  const guesses = [...probabilities].flatMap((probability, index): LanguageGuess[] => {
    const candidate = model.languages[index];
    return candidate && (allowed.size === 0 || allowed.has(candidate)) ? [{ language: candidate, probability }] : [];
  });
  const [first, ...rest] = guesses.sort((a, b) => b.probability - a.probability).slice(0, GUESSES);
  return first ? [first, ...rest] : [{ language: "en", probability: 1 }];
}
