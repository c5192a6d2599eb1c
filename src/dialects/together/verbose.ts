import { type Transcript, transcriptText, type Word } from "../../core/result.js";
import { secondsOf } from "../../render/timestamp.js";
import { textLanguageName } from "../../render/verbose-json.js";

/** Together's `AudioTranscriptionVerboseJsonResponse`: speakers beside words and in turns of their own. */
export function togetherVerbose(transcript: Transcript) {
  const { words } = transcript;
  const hasSpeakers = words?.some(({ speaker }) => speaker !== undefined) ?? false;
  return {
    task: transcript.task,
    language: textLanguageName(transcript),
    duration: secondsOf(transcript.durationMs),
    text: transcriptText(transcript),
    segments: transcript.segments.map(({ startMs, endMs, text }, id) => ({
      id,
      start: secondsOf(startMs),
      end: secondsOf(endMs),
      text: text.trim(),
    })),
    ...(words ? { words: words.map((word, id) => togetherWord(word, id, hasSpeakers)) } : {}),
    ...(words && hasSpeakers ? { speaker_segments: speakerTurns(words) } : {}),
  };
}

function togetherWord({ word, startMs, endMs, speaker }: Word, id: number, hasSpeakers: boolean) {
  const place = { word, start: secondsOf(startMs), end: secondsOf(endMs) };
  return hasSpeakers ? { id, ...place, speaker_id: speaker ?? "" } : place;
}

/** Words of one speaker that follow each other. */
function speakerTurns(words: readonly Word[]) {
  const turns: { speaker: string; words: ReturnType<typeof togetherWord>[] }[] = [];
  for (const [id, word] of words.entries()) {
    const speaker = word.speaker ?? "";
    if (turns.at(-1)?.speaker !== speaker) turns.push({ speaker, words: [] });
    turns.at(-1)?.words.push(togetherWord(word, id, true));
  }
  return turns.map(({ speaker, words: own }, index) => ({
    id: index + 1,
    speaker_id: speaker,
    start: own[0]?.start ?? 0,
    end: own.at(-1)?.end ?? 0,
    text: own.map(({ word }) => word).join(" "),
    words: own,
  }));
}
