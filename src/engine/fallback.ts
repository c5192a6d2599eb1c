import { deflateSync } from "node:zlib";
import type { SuppressionRule } from "../core/result.js";
import type { NativeDecoded, NativeSession } from "./addon.js";
import { countStep } from "./control-words.js";
import type { LoadedModel } from "./loaded-model.js";
import { findLoop, type Loop, longestEcho, timedTextTokens } from "./repetition.js";
import { STEP_MS } from "./segmenter.js";

/** openai/whisper `transcribe.py`: the defaults of temperature, compression_ratio_threshold and logprob_threshold. */
const LADDER = [0, 0.2, 0.4, 0.6, 0.8, 1] as const;
const COMPRESSION_RATIO_MAX = 2.4;
const AVG_LOGPROB_MIN = -1;
export const NO_SPEECH_PROB_MAX = 0.6;
/**
 * Text that compresses well repeats itself, or has few words, such as dictated digits: those hardly ever repeat more than so
 * many tokens in a row, and loops do. Another temperature would hear the same digits, or hear them worse.
 */
const ECHO_MAX = 5;
/** Sequences tried at a temperature above 0, as in whisper.cpp's server. */
const CANDIDATES = 2;
/** Whisper expects speech to begin within the first second: 50 steps of 20 ms. */
export const MAX_INITIAL_TIMESTAMP = 50;

/** One decoding of 30 s of audio, with the figures it was judged by. */
export interface Pass {
  tokens: number[];
  /** Natural logarithms, one per token. */
  logprobs: Float32Array;
  text: string;
  temperature: number;
  avgLogprob: number;
  compressionRatio: number;
  /** Indices of the tokens that only repeat, beyond the first time; empty: no loop. */
  repeated: readonly number[];
}

/** A decoding that was not kept, and why. */
export interface Rejection {
  reason: SuppressionRule;
  text: string;
}

/** What came of all temperatures that were tried. */
export interface Outcome {
  pass: Pass;
  rejected: Rejection[];
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
  options: { temperature: number; noSpeechProb: number; seed: number; heardMs: number },
  control: Int32Array,
): Outcome {
  const temperatures = options.temperature === 0 ? LADDER : [options.temperature];
  const tried: { pass: Pass; fault: SuppressionRule }[] = [];
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
    const pass = judge(decoded, model, temperature, options.heardMs);
    const fault = isSilence(pass, options.noSpeechProb) ? undefined : faultOf(pass, model);
    if (!fault) return { pass, rejected: rejections(tried) };
    tried.push({ pass, fault });
  }
  const fluent = tried.filter(({ fault }) => fault === "avg_logprob");
  const [best] = (fluent.length > 0 ? [...fluent] : [...tried]).sort((a, b) => b.pass.avgLogprob - a.pass.avgLogprob);
  const { pass } = best as (typeof tried)[number];
  return { pass, rejected: rejections(tried.filter((one) => one !== best)) };
}

/** The model hears no speech and doubts what it wrote (openai/whisper `transcribe.py`, `no_speech_threshold`). */
export function isSilence({ avgLogprob }: Pick<Pass, "avgLogprob">, noSpeechProb: number): boolean {
  return noSpeechProb > NO_SPEECH_PROB_MAX && avgLogprob < AVG_LOGPROB_MIN;
}

function faultOf(pass: Pass, { tokenizer }: LoadedModel): SuppressionRule | undefined {
  const { tokens, compressionRatio, repeated, avgLogprob } = pass;
  if (repeated.length > 0) return "repetition";
  const echoes = () => longestEcho(tokens.filter((id) => tokenizer.isText(id))) > ECHO_MAX;
  if (compressionRatio > COMPRESSION_RATIO_MAX && echoes()) return "compression_ratio";
  return avgLogprob < AVG_LOGPROB_MIN ? "avg_logprob" : undefined;
}

function rejections(tried: readonly { pass: Pass; fault: SuppressionRule }[]): Rejection[] {
  return tried.map(({ pass, fault }) => ({ reason: fault, text: pass.text.trim() }));
}

function judge(decoded: NativeDecoded, model: LoadedModel, temperature: number, heardMs: number): Pass {
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
    repeated: repeatedTokens(tokens, decoded.ended, model, heardMs),
  };
}

function repeatedTokens(tokens: readonly number[], ended: boolean, model: LoadedModel, heardMs: number): number[] {
  const vocabulary = {
    timestampBegin: model.facts.timestampBegin,
    isText: (id: number) => model.tokenizer.isText(id),
    lengthOf: (id: number) => model.tokenizer.decode([id]).length,
  };
  let left = timedTextTokens(tokens, vocabulary, STEP_MS, heardMs);
  const repeated: number[] = [];
  const nextLoop = (): Loop | undefined =>
    findLoop(
      left.map(({ token }) => token),
      ended,
    );
  for (let loop = nextLoop(); loop; loop = nextLoop()) {
    const { from, to } = loop;
    repeated.push(...left.slice(from, to).map(({ index }) => index));
    left = left.filter((_, at) => at < from || at >= to);
  }
  return repeated;
}

/** UTF-8 length over zlib-compressed length, as OpenAI computes it; high for text that repeats itself. */
export function compressionRatio(text: string): number {
  const bytes = Buffer.from(text, "utf8");
  return bytes.length / deflateSync(bytes).length;
}
