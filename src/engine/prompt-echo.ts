/** So many words of a prompt in a row, and most of the text: nobody says a prompt by chance. */
const LEAST_RUN_WORDS = 4;
const LEAST_SHARE = 0.6;
/** Two hearings of the same speech agree in more than half of their letters, also where one spells a name otherwise. */
const SAME_SPEECH_SHARE = 0.5;

/**
 * Whether a text repeats the prompt that was given with the audio: all of a prompt of two words or more, or four words of
 * it in a row that are most of the text. Whisper does that where it hears nothing. The speaker may have said just that,
 * so this is a reason to listen again without the prompt, not to drop anything.
 */
export function echoesPrompt(text: string, prompt: string): boolean {
  const said = wordsOf(text);
  const given = wordsOf(prompt);
  const run = longestSharedRun(said, given);
  if (given.length >= 2 && run === given.length && run === said.length) return true;
  return run >= LEAST_RUN_WORDS && run >= LEAST_SHARE * said.length;
}

/** Whether two transcripts of one recording can both be true. */
export function isSameSpeech(one: string, other: string): boolean {
  const [a, b] = [wordsOf(one).join(""), wordsOf(other).join("")];
  const longest = Math.max(a.length, b.length);
  return longest === 0 || 1 - editDistance(a, b) / longest > SAME_SPEECH_SHARE;
}

/** Lower case, without marks; scripts without spaces one character at a time. */
function wordsOf(text: string): string[] {
  return (
    text
      .toLowerCase()
      .match(/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]|[\p{L}\p{M}\p{N}]+/gu) ?? []
  );
}

function longestSharedRun(a: readonly string[], b: readonly string[]): number {
  let above = new Uint32Array(b.length + 1);
  let longest = 0;
  for (const word of a) {
    const here = new Uint32Array(b.length + 1);
    for (const [index, other] of b.entries()) {
      if (word !== other) continue;
      here[index + 1] = (above[index] as number) + 1;
      longest = Math.max(longest, here[index + 1] as number);
    }
    above = here;
  }
  return longest;
}

function editDistance(a: string, b: string): number {
  let above = Uint32Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row++) {
    const here = new Uint32Array(b.length + 1);
    here[0] = row;
    for (let column = 1; column <= b.length; column++) {
      const changed = (above[column - 1] as number) + (a[row - 1] === b[column - 1] ? 0 : 1);
      here[column] = Math.min(changed, (above[column] as number) + 1, (here[column - 1] as number) + 1);
    }
    above = here;
  }
  return above[b.length] as number;
}
