import { languageName } from "../core/languages.js";
import { type Segment, type Transcript, transcriptText } from "../core/result.js";
import { JSON_CONTENT_TYPE, type Rendered } from "./rendered.js";
import { secondsOf } from "./timestamp.js";
import { durationUsage } from "./usage.js";

/** Whisper counts its position in spectrogram frames of 10 ms (openai/whisper `whisper/transcribe.py`, `seek`). */
const MS_PER_SEEK_FRAME = 10;

/** `verbose_json`: OpenAI's `CreateTranscriptionResponseVerboseJson` and the probability of the language. */
export function renderVerboseJson(transcript: Transcript): Rendered {
  const reply = {
    task: transcript.task,
    // Of the text: OpenAI documents it as always `english` for translations.
    language: transcript.task === "translate" ? "english" : languageName(transcript.language),
    language_probability: transcript.languageProbability,
    duration: secondsOf(transcript.durationMs),
    text: transcriptText(transcript),
    segments: transcript.segments.map(verboseSegment),
    usage: durationUsage(transcript.durationMs),
  };
  return { contentType: JSON_CONTENT_TYPE, body: JSON.stringify(reply) };
}

/** All ten fields are required by OpenAI's schema; the text keeps its leading space, as there. */
function verboseSegment(segment: Segment, id: number) {
  return {
    id,
    seek: Math.round(segment.seekMs / MS_PER_SEEK_FRAME),
    start: secondsOf(segment.startMs),
    end: secondsOf(segment.endMs),
    text: segment.text,
    tokens: segment.tokens,
    temperature: segment.temperature,
    avg_logprob: segment.avgLogprob,
    compression_ratio: segment.compressionRatio,
    no_speech_prob: segment.noSpeechProb,
  };
}
