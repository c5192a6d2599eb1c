import { SAMPLES_PER_MS } from "../core/audio.js";
import type { Segment, Suppression, SuppressionRule } from "../core/result.js";
import type { DecodeParams, LanguageGuess, Span, WindowResult } from "../core/window.js";
import { TimeMap } from "../stitch/time-map.js";
import type { NativeSession } from "./addon.js";
import { countStep } from "./control-words.js";
import { decodeWithFallback, isSilence, type Outcome } from "./fallback.js";
import { type Heard, heardSegments } from "./heard-segments.js";
import type { LoadedModel } from "./loaded-model.js";
import { echoesPrompt, isSameSpeech } from "./prompt-echo.js";
import { hasText, hearAgain, isDoubtful } from "./second-hearing.js";
import { FRAME_MS, STEP_MS, segmentTokens } from "./segmenter.js";
import { guessLanguages } from "./spoken-language.js";
import { soundOf, unheardSpeech, withUnheard } from "./unheard-speech.js";

/** The encoder sees 30 s at a time. */
const ENCODER_FRAMES = 3000;
/** Less than 100 ms of audio left holds no word; whisper.cpp stops there too. */
const MIN_FRAMES = 10;

/**
 * Decodes one window of at most 30 s, and then what of its speech was passed over, alone. Nothing is carried from window to
 * window but the client's prompt.
 *
 * @param pcm 16 kHz mono, 1,600 to 480,000 samples
 * @param control the words shared with the main thread: cancelling makes the native calls throw `cancelled`
 */
export function decodeWindow(
  session: NativeSession,
  model: LoadedModel,
  pcm: Int16Array,
  params: DecodeParams,
  control: Int32Array,
): WindowResult {
  const { result, written } = hearWindow(session, model, pcm, { ...params, isDoubted: false }, control);
  // Where all of a window is silent to the model, it would hear the same again.
  const unheard = result.segments.length > 0 ? unheardSpeech(pcm, params, written) : undefined;
  if (!unheard) return result;
  const { speechSpans = [], jointsMs } = new TimeMap(unheard);
  // It was silence to the model once: the text that comes of it now has to be confirmed.
  const own = { ...params, language: result.language, speechSpans, jointsMs, isDoubted: true };
  return withUnheard(result, unheard, hearWindow(session, model, soundOf(pcm, unheard), own, control).result);
}

/**
 * Encode, read language and silence, decode, cut into segments; when the model left a segment open at the end, once more
 * from its start.
 * @param params `isDoubted`: whether text is to be confirmed even where the model is sure
 * @returns `written`: for what the model wrote something, by its own timestamps, whatever came of it
 */
function hearWindow(
  session: NativeSession,
  model: LoadedModel,
  pcm: Int16Array,
  { isDoubted, ...params }: DecodeParams & { isDoubted: boolean },
  control: Int32Array,
): { result: WindowResult; written: Span[] } {
  const windowMs = Math.floor(pcm.length / SAMPLES_PER_MS);
  const frames = Math.floor(windowMs / FRAME_MS);
  const segments: Segment[] = [];
  const suppressed: Suppression[] = [];
  const written: Span[] = [];
  const tokenCounts = { prompt: 0, completion: 0 };
  let fallbacks = 0;
  let guesses: [LanguageGuess, ...LanguageGuess[]] | undefined;

  session.setAudio(pcm, control);
  for (let seek = 0; seek === 0 || frames - seek >= MIN_FRAMES; ) {
    const heardFrames = Math.min(ENCODER_FRAMES, frames - seek);
    session.encode(seek, control);
    countStep(control);
    const { noSpeechProb, languages } = session.detect(control);
    guesses ??= guessLanguages(model, params, languages);
    const { language } = guesses[0];

    const startMs = seek * FRAME_MS;
    const endMs = startMs + heardFrames * FRAME_MS;
    const holdBack = (reason: SuppressionRule, action: Suppression["action"], text: string) => {
      if (text.trim() !== "") suppressed.push({ startMs, endMs, reason, action, text: text.trim() });
    };
    const given = { temperature: params.temperature, noSpeechProb, seed: seek, heardMs: endMs - startMs };
    const decode = (prompt?: string, keywords?: readonly string[]) => {
      const tokens = model.promptTokens(params.task, language, prompt, keywords);
      const outcome = decodeWithFallback(session, model, tokens, given, control);
      tokenCounts.prompt += tokens.length;
      fallbacks += outcome.rejected.length;
      for (const { reason, text } of outcome.rejected) holdBack(reason, "retried", text);
      return outcome;
    };
    let { pass } = decode(params.prompt, params.keywords);
    const withoutPrompt = again(pass, params, () => decode());
    if (withoutPrompt) {
      holdBack("prompt_echo", "retried", pass.text);
      pass = withoutPrompt;
    }
    tokenCounts.completion += pass.tokens.length;

    const cut = segmentTokens(pass.tokens, model.facts.timestampBegin, heardFrames);
    if (isSilence(pass, noSpeechProb)) {
      holdBack("no_speech", "dropped", pass.text);
      written.push({ startMs, endMs });
      seek += heardFrames;
      continue;
    }
    const heard: Heard = { pass, cut, language, noSpeechProb, startMs, endMs, pcm };
    if (isDoubted ? hasText(pass.tokens, model) : isDoubtful(pass, noSpeechProb, model)) {
      const prompt = model.promptTokens(params.task, language, undefined);
      heard.again = hearAgain(session, model, { seek, heardFrames, text: pass.text }, prompt, control);
      heard.encodeAgain = () => session.encode(seek, control);
    }
    const kept = heardSegments(session, model, heard, params, control);
    segments.push(...kept.segments);
    for (const { startStep, endStep, tokens } of cut.segments) {
      if (!hasText(tokens, model)) continue;
      written.push({ startMs: startMs + startStep * STEP_MS, endMs: startMs + endStep * STEP_MS });
    }
    suppressed.push(...kept.suppressed);
    seek += cut.advanceFrames;
  }

  const timings = session.timings();
  const [{ language, probability }, ...others] = guesses as NonNullable<typeof guesses>;
  const result: WindowResult = {
    language,
    languageProbability: probability,
    languageGuesses: [{ language, probability }, ...others],
    segments,
    suppressed,
    tokenCounts,
    fallbacks,
    timings: {
      melMs: timings.melUs / 1000,
      encodeMs: timings.encodeUs / 1000,
      decodeMs: timings.decodeUs / 1000,
      sampleMs: timings.sampleUs / 1000,
    },
  };
  return { result, written };
}

/** What is heard without the prompt, where a pass repeats the prompt and nobody said that. */
function again(
  pass: Outcome["pass"],
  { prompt, keywords = [] }: DecodeParams,
  decodeAlone: () => Outcome,
): Outcome["pass"] | undefined {
  const given = [keywords.join(", "), prompt ?? ""].filter((part) => part !== "");
  if (!given.some((part) => echoesPrompt(pass.text, part))) return undefined;
  const alone = decodeAlone().pass;
  return isSameSpeech(alone.text, pass.text) ? undefined : alone;
}
