import { SAMPLES_PER_MS } from "../core/audio.js";
import type { LanguageCode } from "../core/languages.js";
import type { Segment, Suppression, TokenLogprob } from "../core/result.js";
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
  const suppressed: Suppression[] = [];
  const tokenCounts = { prompt: 0, completion: 0 };
  let fallbacks = 0;
  let spoken: { language: LanguageCode; probability: number } | undefined;

  session.setAudio(pcm, control);
  for (let seek = 0; seek === 0 || frames - seek >= MIN_FRAMES; ) {
    const heardFrames = Math.min(ENCODER_FRAMES, frames - seek);
    session.encode(seek, control);
    countStep(control);
    const detection = session.detect(control);
    spoken ??= chooseLanguage(model, params, detection.languages);

    const prompt = model.promptTokens(params.task, spoken.language, params.prompt, params.keywords);
    const { noSpeechProb } = detection;
    const options = { temperature: params.temperature, noSpeechProb, seed: seek };
    const pass = decodeWithFallback(session, model, prompt, options, control);
    tokenCounts.prompt += prompt.length;
    tokenCounts.completion += pass.tokens.length;
    fallbacks += pass.fallbacks;
    if (noSpeechProb > NO_SPEECH_PROB_MAX && pass.avgLogprob < AVG_LOGPROB_MIN) {
      const startMs = seek * FRAME_MS;
      const text = pass.text.trim();
      if (text !== "") suppressed.push({ startMs, endMs: startMs + heardFrames * FRAME_MS, reason: "no_speech", text });
      seek += heardFrames;
      continue;
    }
    const cut = segmentTokens(pass.tokens, model.facts.timestampBegin, heardFrames);
    let firstToken = 0;
    for (const piece of cut.segments) {
      const segment = toSegment(piece, pass, model, { seekMs: seek * FRAME_MS, windowMs, noSpeechProb });
      if (segment && params.logprobs) segment.logprobs = tokenLogprobs(piece, pass, model, firstToken);
      if (segment) segments.push(segment);
      firstToken += piece.tokens.length;
    }
    seek += cut.advanceFrames;
  }

  const timings = session.timings();
  const { language, probability } = spoken as NonNullable<typeof spoken>;
  return {
    language,
    languageProbability: probability,
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
}

/** The named one, else the likeliest of those that the request lets through. A model of English only detects nothing. */
export function chooseLanguage(
  model: Pick<LoadedModel, "languages">,
  { language, languages = [] }: Pick<DecodeParams, "language" | "languages">,
  probabilities: Float32Array,
): { language: LanguageCode; probability: number } {
  if (language) return { language, probability: 1 };
  const allowed = new Set(languages);
  let best: { language: LanguageCode; probability: number } | undefined;
  for (const [index, probability] of probabilities.entries()) {
    const candidate = model.languages[index];
    if (!candidate || (allowed.size > 0 && !allowed.has(candidate))) continue;
    if (!best || probability > best.probability) best = { language: candidate, probability };
  }
  return best ?? { language: "en", probability: 1 };
}

/** The segments of a pass are consecutive: `firstToken` is where this one begins. */
function tokenLogprobs(piece: TokenSegment, pass: Pass, model: LoadedModel, firstToken: number): TokenLogprob[] {
  return piece.tokens.flatMap((id, index) => {
    if (!model.tokenizer.isText(id)) return [];
    const bytes = model.tokenizer.bytesOf(id);
    const logprob = pass.logprobs[firstToken + index] as number;
    return [{ token: bytes.toString("utf8"), logprob, bytes: [...bytes] }];
  });
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
