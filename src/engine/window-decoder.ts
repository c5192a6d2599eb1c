import { SAMPLES_PER_MS } from "../core/audio.js";
import type { LanguageCode } from "../core/languages.js";
import type { Segment } from "../core/result.js";
import type { DecodeParams, WindowResult } from "../core/window.js";
import type { NativeSession } from "./addon.js";
import { countStep } from "./control-words.js";
import { AVG_LOGPROB_MIN, compressionRatio, decodeWithFallback, NO_SPEECH_PROB_MAX, type Pass } from "./fallback.js";
import type { LoadedModel } from "./loaded-model.js";
import { FRAME_MS, STEP_MS, segmentTokens, type TokenSegment } from "./segmenter.js";

/** The encoder sees 30 s at a time. */
const ENCODER_FRAMES = 3000;
/** Less than 100 ms of audio left holds no word; whisper.cpp stops there too. */
const MIN_FRAMES = 10;

/**
 * Decodes one window of at most 30 s: encode, read language and silence, decode, cut into segments; when the model left
 * a segment open at the end, once more from its start. Nothing is carried from window to window but the client's prompt.
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
  const windowMs = Math.floor(pcm.length / SAMPLES_PER_MS);
  const frames = Math.floor(windowMs / FRAME_MS);
  const segments: Segment[] = [];
  let spoken: { language: LanguageCode; probability: number } | undefined;

  session.setAudio(pcm, control);
  for (let seek = 0; seek === 0 || frames - seek >= MIN_FRAMES; ) {
    const heardFrames = Math.min(ENCODER_FRAMES, frames - seek);
    session.encode(seek, control);
    countStep(control);
    const detection = session.detect(control);
    spoken ??= chooseLanguage(model, params.language, detection.languages);

    const prompt = model.promptTokens(params.task, spoken.language, params.prompt);
    const { noSpeechProb } = detection;
    const options = { temperature: params.temperature, noSpeechProb, seed: seek };
    const pass = decodeWithFallback(session, model, prompt, options, control);
    if (noSpeechProb > NO_SPEECH_PROB_MAX && pass.avgLogprob < AVG_LOGPROB_MIN) {
      seek += heardFrames;
      continue;
    }
    const cut = segmentTokens(pass.tokens, model.facts.timestampBegin, heardFrames);
    for (const piece of cut.segments) {
      const segment = toSegment(piece, pass, model, { seekMs: seek * FRAME_MS, windowMs, noSpeechProb });
      if (segment) segments.push(segment);
    }
    seek += cut.advanceFrames;
  }

  const timings = session.timings();
  const { language, probability } = spoken as NonNullable<typeof spoken>;
  return {
    language,
    languageProbability: probability,
    segments,
    timings: {
      melMs: timings.melUs / 1000,
      encodeMs: timings.encodeUs / 1000,
      decodeMs: timings.decodeUs / 1000,
      sampleMs: timings.sampleUs / 1000,
    },
  };
}

function chooseLanguage(model: LoadedModel, named: LanguageCode | undefined, probabilities: Float32Array) {
  if (named) return { language: named, probability: 1 };
  let best = 0;
  for (let i = 1; i < probabilities.length; i++) {
    if ((probabilities[i] as number) > (probabilities[best] as number)) best = i;
  }
  return { language: model.languages[best] ?? "en", probability: probabilities[best] ?? 1 };
}

function toSegment(
  piece: TokenSegment,
  pass: Pass,
  model: LoadedModel,
  place: { seekMs: number; windowMs: number; noSpeechProb: number },
): Segment | undefined {
  const text = model.tokenizer.decode(piece.tokens);
  const startMs = Math.min(place.seekMs + piece.startStep * STEP_MS, place.windowMs);
  const endMs = Math.min(place.seekMs + piece.endStep * STEP_MS, place.windowMs);
  if (text.trim() === "" || endMs <= startMs) return undefined;
  return {
    startMs,
    endMs,
    text,
    tokens: piece.tokens,
    seekMs: place.seekMs,
    temperature: pass.temperature,
    avgLogprob: pass.avgLogprob,
    compressionRatio: compressionRatio(text),
    noSpeechProb: place.noSpeechProb,
  };
}
