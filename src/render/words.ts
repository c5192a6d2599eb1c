import type { Transcript, Word } from "../core/result.js";
import { secondsOf } from "./timestamp.js";

/** A word as OpenAI has it; with the speaker, once speakers are told apart, as Together has it. */
export interface WordReply {
  id?: number;
  word: string;
  start: number;
  end: number;
  speaker_id?: string;
}

/** `words` where the request asked for them, and `speaker_segments` where they have speakers. */
export function wordMembers({ words }: Transcript) {
  if (!words) return {};
  if (words.every(({ speaker }) => speaker === undefined)) return { words: words.map(plainWord) };
  return { words: words.map(spokenWord), speaker_segments: speakerTurns(words) };
}

export function plainWord({ word, startMs, endMs }: Word): WordReply {
  return { word, start: secondsOf(startMs), end: secondsOf(endMs) };
}

function spokenWord(word: Word, id: number): WordReply {
  return { id, ...plainWord(word), speaker_id: word.speaker ?? "" };
}

/** Words of one speaker that follow each other. */
function speakerTurns(words: readonly Word[]) {
  const turns: WordReply[][] = [];
  for (const word of words.map(spokenWord)) {
    const last = turns.at(-1);
    if (last?.[0]?.speaker_id === word.speaker_id) last?.push(word);
    else turns.push([word]);
  }
  return turns.map((own, index) => ({
    id: index + 1,
    speaker_id: own[0]?.speaker_id ?? "",
    start: own[0]?.start ?? 0,
    end: own.at(-1)?.end ?? 0,
    text: own.map(({ word }) => word).join(" "),
    words: own,
  }));
}
