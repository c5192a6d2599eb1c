import { LANGUAGE_CODES, type LanguageCode } from "../core/languages.js";
import type { Task } from "../core/request.js";
import type { Addon, NativeModelFacts } from "./addon.js";
import { Tokenizer } from "./tokenizer.js";

/** Whisper gives half of the decoder's positions to the prompt (openai/whisper `decoding.py`, `_get_initial_tokens`). */
const PROMPT_SHARE = 2;

/** An open model as a worker thread sees it: facts, tokenizer and the special tokens' grammar. */
export class LoadedModel {
  readonly id: number;
  readonly facts: NativeModelFacts;
  readonly tokenizer: Tokenizer;
  /**
   * First-generation distil models lose the thread when timestamps are asked of them; whisper.cpp turns them off by
   * the same rule (`whisper_full_with_state`, "distilled models").
   */
  readonly hasTimestamps: boolean;

  constructor(addon: Addon, modelId: number) {
    this.id = modelId;
    this.facts = addon.modelFacts(modelId);
    this.tokenizer = new Tokenizer(addon.vocabulary(modelId), this.facts.endOfText);
    this.hasTimestamps = !(this.facts.textLayers === 2 && this.facts.vocabSize !== 51_866);
  }

  get languages(): readonly LanguageCode[] {
    return this.facts.multilingual ? LANGUAGE_CODES.slice(0, this.facts.languageCount) : ["en"];
  }

  /** Longest transcript of one pass. */
  maxTokens(promptLength: number): number {
    const { textContext } = this.facts;
    return Math.min(Math.floor(textContext / PROMPT_SHARE), textContext - promptLength);
  }

  /** The tokens before the transcript: vocabulary and earlier text, start of transcript, language, task. */
  promptTokens(
    task: Task,
    language: LanguageCode,
    text: string | undefined,
    keywords: readonly string[] = [],
  ): Int32Array {
    const { facts } = this;
    const tokens: number[] = [];
    const earlier = this.#earlierTokens(text?.trim() ?? "", keywords.join(", ").trim());
    if (earlier.length > 0) tokens.push(facts.startOfPrev, ...earlier);
    tokens.push(facts.startOfTranscript);
    if (facts.multilingual) {
      tokens.push(facts.startOfTranscript + 1 + LANGUAGE_CODES.indexOf(language));
      tokens.push(task === "translate" ? facts.translate : facts.transcribe);
    }
    if (!this.hasTimestamps) tokens.push(facts.noTimestamps);
    return Int32Array.from(tokens);
  }

  /** Vocabulary may take half of the room where there is a text too, the end of the text the rest. */
  #earlierTokens(text: string, vocabulary: string): number[] {
    const room = Math.floor(this.facts.textContext / PROMPT_SHARE);
    const favoured = vocabulary === "" ? [] : this.tokenizer.encode(` ${vocabulary}`);
    const kept = favoured.slice(0, text === "" ? room : Math.floor(room / 2));
    const left = room - kept.length;
    return [...kept, ...(text === "" ? [] : this.tokenizer.encode(` ${text}`).slice(-left))];
  }
}
