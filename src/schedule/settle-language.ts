import { type Window, windowSpeechMs } from "../core/audio.js";
import type { LanguageGuess } from "../core/window.js";
import { type Ballot, voteLanguage } from "../stitch/language-vote.js";
import type { DecodedWindow } from "./scheduler.js";

/** The first windows of a recording, each heard by itself, and what they say together. */
export interface Settled {
  heard: DecodedWindow[];
  guess: LanguageGuess | undefined;
}

/**
 * Decodes windows until the language is settled: mostly one.
 * @param next gives the window after those; undefined: there is none
 */
export async function settleLanguage(
  first: Window,
  next: () => Promise<Window | undefined>,
  decode: (window: Window) => Promise<DecodedWindow>,
): Promise<Settled> {
  const heard: DecodedWindow[] = [];
  for (let window: Window | undefined = first; window; window = await next()) {
    heard.push(await decode(window));
    const guess = voteLanguage(heard.map(ballotOf), false);
    if (guess) return { heard, guess };
  }
  return { heard, guess: voteLanguage(heard.map(ballotOf), true) };
}

function ballotOf({ window, result }: DecodedWindow): Ballot {
  return { guesses: result.languageGuesses, speechMs: windowSpeechMs(window) };
}
