import { deflateSync } from "node:zlib";
import type { NativeDecoded, NativeSession } from "./addon.js";
import { countStep } from "./control-words.js";
import type { LoadedModel } from "./loaded-model.js";

/** openai/whisper `transcribe.py`: the defaults of temperature, compression_ratio_threshold and logprob_threshold. */
const LADDER = [0, 0.2, 0.4, 0.6, 0.8, 1] as const;
const COMPRESSION_RATIO_MAX = 2.4;
export const AVG_LOGPROB_MIN = -1;
export const NO_SPEECH_PROB_MAX = 0.6;
/** Sequences tried at a temperature above 0, as in whisper.cpp's server. */
const CANDIDATES = 2;
/** Whisper expects speech to begin within the first second: 50 steps of 20 ms. */
const MAX_INITIAL_TIMESTAMP = 50;

/** One decoding of 30 s of audio, with the figures it was judged by. */
export interface Pass {
  tokens: number[];
  /** Natural logarithms, one per token. */
  logprobs: Float32Array;
  text: string;
  temperature: number;
  avgLogprob: number;
  compressionRatio: number;
  /** Temperatures that were tried before or after it. */
  fallbacks: number;
}

/**
 * Decodes what the session has encoded. At temperature 0 a result that repeats itself or that the model doubts is tried
 * again at higher temperatures. When none is good, the likeliest of those that do not repeat themselves is kept, as in
 * faster-whisper, and not the last, which is the most random. Any other temperature is used alone.
 */
export function decodeWithFallback(
  session: NativeSession,
  model: LoadedModel,
  prompt: Int32Array,
  options: { temperature: number; noSpeechProb: number; seed: number },
  control: Int32Array,
): Pass {
  const temperatures = options.temperature === 0 ? LADDER : [options.temperature];
  const passes: Pass[] = [];
  for (const temperature of temperatures) {
    const decoded = session.decode(
      prompt,
      {
        temperature,
        candidates: temperature === 0 ? 1 : CANDIDATES,
        seed: options.seed,
        maxTokens: model.maxTokens(prompt.length),
        timestamps: model.hasTimestamps,
        maxInitialTimestamp: MAX_INITIAL_TIMESTAMP,
      },
      control,
    );
    countStep(control);
    const pass = judge(decoded, model, temperature);
    const isSilence = options.noSpeechProb > NO_SPEECH_PROB_MAX && pass.avgLogprob < AVG_LOGPROB_MIN;
    if (isSilence || (!repeats(pass) && pass.avgLogprob >= AVG_LOGPROB_MIN))
      return { ...pass, fallbacks: passes.length };
    passes.push(pass);
  }
  const fluent = passes.filter((pass) => !repeats(pass));
  const [likeliest] = (fluent.length > 0 ? fluent : passes).sort((a, b) => b.avgLogprob - a.avgLogprob);
  return { ...(likeliest as Pass), fallbacks: passes.length - 1 };
}

function repeats({ compressionRatio }: Pass): boolean {
  return compressionRatio > COMPRESSION_RATIO_MAX;
}

function judge(decoded: NativeDecoded, model: LoadedModel, temperature: number): Pass {
  const tokens = [...decoded.ids];
  const text = model.tokenizer.decode(tokens);
  const sum = decoded.logprobs.reduce((total, logprob) => total + logprob, decoded.endLogprob);
  return {
    tokens,
    logprobs: decoded.logprobs,
    text,
    temperature,
    avgLogprob: sum / (tokens.length + 1),
    compressionRatio: compressionRatio(text),
    fallbacks: 0,
  };
}

/** UTF-8 length over zlib-compressed length, as OpenAI computes it; high for text that repeats itself. */
export function compressionRatio(text: string): number {
  const bytes = Buffer.from(text, "utf8");
  return bytes.length / deflateSync(bytes).length;
}
