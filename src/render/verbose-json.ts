import { languageName } from "../core/languages.js";
import { type Transcript, transcriptText } from "../core/result.js";
import { includedMembers } from "./json.js";
import { type Renderer, rendered } from "./rendered.js";
import { secondsOf } from "./timestamp.js";
import { durationUsage } from "./usage.js";
import { verboseSegment } from "./verbose-segment.js";
import { plainWord, wordMembers } from "./words.js";

/** `verbose_json` of the unified dialect: OpenAI's, with the language of the speech, also of a translation, and its probability. */
export const renderVerboseJson: Renderer = (transcript, _stamp, include = []) => {
  const { task, language: _ofText, ...rest } = verboseReply(transcript);
  const language = languageName(transcript.language);
  const language_probability = transcript.languageProbability;
  const speech = { task, language, language_probability, ...rest, ...wordMembers(transcript) };
  return rendered({ ...speech, ...includedMembers(transcript, include) });
};

/** OpenAI's `CreateTranscriptionResponseVerboseJson`; `words` when the request asked for them. */
export function verboseReply(transcript: Transcript) {
  return {
    task: transcript.task,
    language: textLanguageName(transcript),
    duration: secondsOf(transcript.durationMs),
    text: transcriptText(transcript),
    segments: transcript.segments.map(verboseSegment),
    ...(transcript.words ? { words: transcript.words.map(plainWord) } : {}),
    usage: durationUsage(transcript.durationMs),
  };
}

/** Of the text: OpenAI documents it as always `english` for translations. */
export function textLanguageName({ task, language }: Transcript): string {
  return task === "translate" ? "english" : languageName(language);
}
