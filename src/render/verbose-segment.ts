import type { Segment } from "../core/result.js";
import { secondsOf } from "./timestamp.js";

/** Whisper counts its position in spectrogram frames of 10 ms (openai/whisper `whisper/transcribe.py`, `seek`). */
const MS_PER_SEEK_FRAME = 10;

/** OpenAI's `TranscriptionSegment`: its schema requires all ten members, and the text keeps its leading space. */
export function verboseSegment(segment: Segment, id: number) {
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
